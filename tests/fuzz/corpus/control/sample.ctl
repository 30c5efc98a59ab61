;======This is EVENTS list for T-Mail system for 2:5030/15==========
;
;
Exit 99         8:30
Exec daily.bat  6:15
Exec Weekly.bat 0.0:10
;
RePack 6:01
Poll 5030/2  18:10
Poll 5030/6  17:00-20:00
Poll 5020/35 4:00
RestoreOut 5030/* !5030/2 !5030/29 0:00-23:59
;
Hold    All 11:00-23:00
MailOnly All !/100 5:00-7:00
Direct 5030/6.*
Mail   5030/7 5030/6
Mail   *:*/*.*   5030/2
Files  *:*/*.*   5030/2
;
;       Вот примеры синтаксически "сложных" конструкций:
;
;Mail 5040/* !5040/3.3  5030/* !/*.4    5030/7 1.0:00-5:23:59
;Mail @nodelist\r50.net 5030/3
;Direct 5030/*.* !/2 !/3 !/5
;Boss * !/2 !/4 .1  3:00-4:00
;
;======================= End of file  events.ctl  ====================
