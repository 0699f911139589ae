package sso

import (
	"encoding/json"
	"fmt"
	"time"
)

// looseBool is a bool that some providers write as a string.
type looseBool bool

func (b *looseBool) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", `"true"`:
		*b = true
	case "false", `"false"`, "null":
		*b = false
	default:
		return fmt.Errorf("sso: %.20s is no bool", raw)
	}
	return nil
}

// epochClaim is seconds since 1970.
type epochClaim time.Time

func (e *epochClaim) UnmarshalJSON(raw []byte) error {
	var seconds float64
	if err := json.Unmarshal(raw, &seconds); err != nil {
		return err
	}
	if seconds > 0 && seconds < 1e11 {
		*e = epochClaim(time.Unix(int64(seconds), 0).UTC())
	}
	return nil
}
