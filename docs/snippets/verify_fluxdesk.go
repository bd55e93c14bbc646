// Is a webhook in the form of FluxDesk genuine? Needs Go 1.19 or newer and nothing else.
// WEBHOOK_SECRET=whsec_… go run verify_fluxdesk.go "$X_FLUXDESK_SIGNATURE" < body   # ends with 0 when it is, else 1
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// IsGenuine takes the header X-FluxDesk-Signature and the body as it arrived, before any parsing.
func IsGenuine(secret, signature string, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	expected := "v1=" + hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(signature), []byte(expected))
}

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil || len(os.Args) < 2 || !IsGenuine(os.Getenv("WEBHOOK_SECRET"), os.Args[1], body) {
		os.Exit(1)
	}
}
