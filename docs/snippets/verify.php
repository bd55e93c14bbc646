<?php
// Is a webhook from Ferryman genuine? Needs PHP 8.0 or newer and nothing else.
// WEBHOOK_SECRET=whsec_… php verify.php "$X_FM_WEBHOOK_SIGNATURE" < body   # ends with 0 when it is, else 1

const TOLERANCE_SECONDS = 300;

/** `$signature` is the header X-FM-Webhook-Signature, `$body` the bytes as they arrived: file_get_contents('php://input'). */
function is_genuine(string $secret, string $signature, string $body): bool
{
    $timestamp = '';
    $candidates = [];
    foreach (explode(',', $signature) as $field) {
        [$name, $value] = explode('=', trim($field), 2) + [1 => ''];
        if ($name === 't' && $timestamp === '') {
            $timestamp = $value;
        } elseif ($name === 'v1') {
            $candidates[] = $value;
        }
    }
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $expected = hash_hmac('sha256', "$timestamp.$body", $secret);
    // There are two v1= while a secret is being rotated; one that matches is enough.
    foreach ($candidates as $candidate) {
        if (hash_equals($expected, $candidate)) {
            return true;
        }
    }
    return false;
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    $body = file_get_contents('php://stdin');
    exit(is_genuine(getenv('WEBHOOK_SECRET'), $argv[1], $body) ? 0 : 1);
}
