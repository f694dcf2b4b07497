#!/bin/sh
# Runs a session's setup script, in whatever it is confined by: by the shell that agents have, without input, and with
# all that it prints in one stream, in the order in which it was printed.
exec "$(command -v bash || command -v sh)" -e "$1" </dev/null 2>&1
