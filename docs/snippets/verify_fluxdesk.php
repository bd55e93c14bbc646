<?php
// Is a webhook in the form of FluxDesk genuine? Needs PHP 8.0 or newer and nothing else.
// WEBHOOK_SECRET=whsec_… php verify_fluxdesk.php "$X_FLUXDESK_SIGNATURE" < body   # ends with 0 when it is, else 1

/** `$signature` is the header X-FluxDesk-Signature, `$body` the bytes as they arrived: file_get_contents('php://input'). */
function is_genuine(string $secret, string $signature, string $body): bool
{
    return hash_equals('v1=' . hash_hmac('sha256', $body, $secret), $signature);
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    $body = file_get_contents('php://stdin');
    exit(is_genuine(getenv('WEBHOOK_SECRET'), $argv[1], $body) ? 0 : 1);
}
