Exec cafщ.bat 8:00
; Вот примеры
[3]Set ПОЧТА.FLG 1.0:00
Exec hidden 8:00
