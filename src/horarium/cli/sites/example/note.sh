#!/bin/sh
# Appends a line to notes.log, once for each run: a run that is repeated after a crash has the same
# name in HORARIUM_RUN_ID.
grep -qs "^$HORARIUM_RUN_ID " notes.log || echo "$HORARIUM_RUN_ID $HORARIUM_DUE $*" >> notes.log
