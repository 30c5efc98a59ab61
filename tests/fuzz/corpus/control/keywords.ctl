; every keyword once, with each kind of argument
Poll 5030/2 /3 !/4 18:10
Drop 4:00
Drop 5030/2 4:00
Break All 4:00-5:00
Send ^out/*.zip 5030/2 P.12:00
Post text\hello.txt 5030/2 .1 0.12:00
Freq NODEDIFF.Z?? 5030/2 3.2:00
UpdFreq nodelist 5030/2 P.24:00
[2] Exec !load.bat "two words" P.01:00
Exit 255 8:30
RePack 6:01
Pack P.06:00
Set stop.flg 23:59
Set NAME=VALUE P.00:01
Hold All 11:00-23:00
Freeze 50*/*.*
Direct 5030/6.*
MailOnly All !/100 5:00-7:00
SendOnly *:*/* 0:00-24:00
NoReq 2:5030/15 22:00-6:00
Deny @nodelist/r50.net 1.0:00-5:23:59
RestoreIn All
RestoreOut 5030/* !5030/2 !5030/29 0:00-23:59
Boss * !/2 !/4 .1  3:00-4:00
LimitIn 30 All
LimitOut 1440 5030/2 6.22:00-0.6:00
Priority 255 5030/2
Flavor crash All 8:00-9:00
Share 5030/99 5030/1 /2
Mail 5040/* !5040/3.3  5030/* !/*.4    5030/7 1.0:00-5:23:59
Mail-For 5030/7 Hub
Files *:*/*.*   5030/2
Files-For 5030/7 5030/6
Mail-From 5030/7 5030/6 8:00-9:00
Files-From All Hub
Critical Exec a.bat 8:00
[255]Critical Set flag 1.8:00-17:00
