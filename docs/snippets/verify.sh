#!/bin/sh
# Is a webhook from Ferryman genuine? Needs a POSIX shell and openssl.
# WEBHOOK_SECRET=whsec_… sh verify.sh "$X_FM_WEBHOOK_SIGNATURE" < body   # ends with 0 when it is, else 1
# openssl takes its key as an argument, which other users of the machine can see while it runs.

set -eu
tolerance=300

hmac() { openssl dgst -sha256 -hmac "$1" -r | cut -d ' ' -f 1; }

# Compared under a random key, so that the time it takes tells nothing about the right signature.
equal() { [ "$(printf %s "$1" | hmac "$blind")" = "$(printf %s "$2" | hmac "$blind")" ]; }

fields=$(printf %s "$1" | tr ',' '\n')
timestamp=$(printf '%s\n' "$fields" | sed -n 's/^ *t=\([0-9]\{1,12\}\)$/\1/p' | head -n 1)
[ -n "$timestamp" ] || exit 1
age=$(($(date +%s) - $(printf %s "$timestamp" | sed 's/^0*\(.\)/\1/')))
[ "${age#-}" -le "$tolerance" ] || exit 1

blind=$(openssl rand -hex 32)
expected=$({ printf '%s.' "$timestamp" && cat; } | hmac "$WEBHOOK_SECRET")
# There are two v1= while a secret is being rotated; one that matches is enough.
for candidate in $(printf '%s\n' "$fields" | sed -n 's/^ *v1=\([0-9a-f]\{64\}\)$/\1/p'); do
    if equal "$candidate" "$expected"; then exit 0; fi
done
exit 1
