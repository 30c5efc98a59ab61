[256]Exec a 8:00
[2
[]Exec a 8:00
Critical
Critical Critical Exec a 8:00
Critical Hold All 8:00-9:00
Exec a P.00:00
Exec a P.255:01
Exec a P.-1:00
Exec a 24:00
Exec a 8:60
Exec a 8:00-3.9:00
Hold All 8:00
Hold All P.01:00
Poll !All 8:00
Poll !5030/2 8:00
Poll 5030/ 8:00
Poll 5030:2:3 8:00
Poll 0:0/0 8:00
Poll @ 8:00
Poll @gone.net 8:00
Poll @loop.net 8:00
Mail 5030/7 *:*/*
Mail 5030/7
Exec "open 8:00
Exec "" 8:00
"" 8:00
Flavor fast All
Share All All
Repack 5030/2 8:00
Never 8:00
