// Is a webhook from Ferryman genuine? Needs Go 1.19 or newer and nothing else.
// WEBHOOK_SECRET=whsec_… go run verify.go "$X_FM_WEBHOOK_SIGNATURE" < body   # ends with 0 when it is, else 1
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

// IsGenuine takes the header X-FM-Webhook-Signature and the body as it arrived, before any parsing.
func IsGenuine(secret, signature string, body []byte) bool {
	var timestamp string
	var candidates []string
	for _, field := range strings.Split(signature, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch {
		case name == "t" && timestamp == "":
			timestamp = value
		case name == "v1":
			candidates = append(candidates, value)
		}
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	expected := mac.Sum(nil)
	// There are two v1= while a secret is being rotated; one that matches is enough.
	for _, candidate := range candidates {
		if given, err := hex.DecodeString(candidate); err == nil && hmac.Equal(given, expected) {
			return true
		}
	}
	return false
}

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil || len(os.Args) < 2 || !IsGenuine(os.Getenv("WEBHOOK_SECRET"), os.Args[1], body) {
		os.Exit(1)
	}
}
