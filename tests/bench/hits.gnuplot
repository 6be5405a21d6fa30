# A hit compared with its floor and with what users have today: gnuplot -e "results='...'; plot_file='...'" hits.gnuplot
set terminal svg size 800,300 noenhanced font "sans-serif,13" background rgb "white"
set output plot_file
set datafile separator ","
set logscale x
set xlabel "one call, median, on a logarithmic scale"
set xtics ("10 ns" 10, "100 ns" 100, "1 us" 1e3, "10 us" 1e4, "100 us" 1e5, "1 ms" 1e6)
set xrange [10:3000000]
set yrange [-0.6:4.6] reverse
set grid xtics
set style fill solid 0.8 noborder
unset key
rows = "< awk -F, '$1 == \"peers\" && $2 == \"getaddrinfo\"' " . results
plot rows using (10):0:(10):6:($0 - 0.3):($0 + 0.3):ytic(3) with boxxyerror linecolor rgb "#4477aa", \
     rows using 6:0:($6 < 1000 ? sprintf("  %.0f ns", $6) : sprintf("  %.1f us", $6 / 1000)) with labels left
