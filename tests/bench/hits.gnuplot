# A hit beside its floor and what users have today: gnuplot -e "results='...'; plot_file='...'" hits.gnuplot
set terminal svg size 800,360 font "sans-serif,13" background rgb "white"
set output plot_file
set datafile separator ","
set logscale x
set xlabel "nanoseconds a call, median, logarithmic"
set xrange [10:1000000]
set yrange [-0.6:4.6] reverse
set grid xtics
set style fill solid 0.8 noborder
unset key
rows = "< awk -F, '$1 == \"peers\" && $2 == \"getaddrinfo\"' " . results
plot rows using (10):0:(10):6:($0 - 0.3):($0 + 0.3):ytic(3) with boxxyerror linecolor rgb "#4477aa", \
     rows using 6:0:(sprintf("  %.0f ns", $6)) with labels left
