; What is done when, one directive on each line. `horarium directives check` finds mistakes,
; `horarium directives next` says what is due; docs/guide/directives.md explains all of it.
; Nothing here is read by a shell: a program gets its words as they stand.

Exec note.sh hourly P.01:00            ; at the first start, then every hour; late once, never piled up
Exec note.sh lunch 12:00               ; every day
Critical Exec note.sh monday 1.6:30    ; on Mondays; late rather than never
Set week-begun 1.0:05                  ; the file state/flags/week-begun, for other programs
