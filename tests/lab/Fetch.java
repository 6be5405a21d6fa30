import java.net.HttpURLConnection;
import java.net.URL;

/** Fetches each URL over a connection of its own and prints what it got. A number among them: wait so many seconds. */
public class Fetch {
    public static void main(String[] arguments) throws Exception {
        for (String argument : arguments) {
            if (argument.matches("[0-9]+"))
                Thread.sleep(1000 * Long.parseLong(argument));
            else
                fetch(new URL(argument));
        }
    }

    private static void fetch(URL url) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        connection.setRequestProperty("Connection", "close");
        System.out.write(connection.getInputStream().readAllBytes());
        System.out.flush();
        connection.disconnect();
    }
}
