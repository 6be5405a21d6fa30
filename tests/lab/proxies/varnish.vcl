# The socket "cdn" leads to the name behind the CDN, any other to one in the local network. Nothing is cached.
vcl 4.1;

backend cdn {
    .host = "cdn.example.com";
}

backend intranet {
    .host = "intranet.example.com";
}

sub vcl_recv {
    if (local.socket == "cdn") {
        set req.backend_hint = cdn;
    } else {
        set req.backend_hint = intranet;
    }
    return (pass);
}
