package account

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

const (
	sessionBytes = 32
	tokenPrefix  = "rp_"
	tokenLetters = 43 // log₂ 62⁴³ > 256
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

var sessionLen = base64.RawURLEncoding.EncodedLen(sessionBytes)

func newSessionSecret(random io.Reader) (string, error) {
	b := make([]byte, sessionBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("account: no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// newTokenSecret takes six bits at a time and leaves out the two values that base 62 has no letter for, so that every
// letter is equally likely.
func newTokenSecret(random io.Reader) (string, error) {
	out := []byte(tokenPrefix)
	b := make([]byte, 2*tokenLetters)
	for {
		if _, err := io.ReadFull(random, b); err != nil {
			return "", fmt.Errorf("account: no randomness: %w", err)
		}
		for _, x := range b {
			if x &= 63; int(x) < len(base62) {
				out = append(out, base62[x])
			}
			if len(out) == len(tokenPrefix)+tokenLetters {
				return string(out), nil
			}
		}
	}
}

func maskToken(secret string) string { return tokenPrefix + "…" + secret[len(secret)-4:] }

// hashSecret is what a secret is stored and looked up by. It has 256 random bits: no salt and no slow hash is needed.
func hashSecret(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }
