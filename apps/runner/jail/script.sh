#!/bin/sh
# Runs a session's setup script inside its sandbox: with the shell that agents have, without input, and with stdout and
# stderr in one stream, in the order in which they were printed. A login shell, like those of the agent's commands, reads
# what earlier setup scripts have put into ~/.profile. The first command that fails ends the script, in a pipe as well.
if command -v bash >/dev/null; then exec bash -l -e -o pipefail "$1" </dev/null 2>&1; fi
exec sh -e "$1" </dev/null 2>&1
