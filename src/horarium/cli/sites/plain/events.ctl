; What is done when, one directive on each line; docs/guide/directives.md explains all of it.
;Exec backup.sh 2:30          ; every day, when the clocks of directives.zone show 2:30
;Exec cleanup.sh P.01:00      ; at the first start, and every hour after it
