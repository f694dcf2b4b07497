#!/bin/sh
# Runs a session's setup script inside its sandbox: with the shell that agents have, without input, and with stdout and
# stderr in one stream, in the order in which they were printed.
exec "$(command -v bash || command -v sh)" -e "$1" </dev/null 2>&1
