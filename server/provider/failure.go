package provider

import (
	"fmt"
	"time"
)

// Class says what a failed call means for the key and for the request.
type Class string

// The classes of failures.
const (
	Dead        Class = "dead"         // the provider refuses the key; Confirm before acting on it
	Empty       Class = "empty"        // nothing is left on the key
	RateLimited Class = "rate_limited" // the key must rest for RetryAfter
	ServerFault Class = "server_fault" // 5xx, 529: the provider's fault
	Connection  Class = "connection"   // lost, or never made, before a response header
	Unreadable  Class = "unreadable"   // a 200 that is no answer, or an answer that broke off
	Redirected  Class = "redirected"   // a redirect, which is not followed
	NoModel     Class = "no_model"     // the key lacks this model; nothing is wrong with the key
	Oversized   Class = "oversized"    // the request alone is more than the key may do at a time; nothing is wrong with either
	Overlong    Class = "overlong"     // the answer is longer than what is read: it was billed, and would be again
	Unsupported Class = "unsupported"  // the provider can't be asked this; nothing was sent
	Rejected    Class = "rejected"     // the provider refuses the request itself: the client's fault
	Timeout     Class = "timeout"      // our own deadline passed after the request was sent: it may have been billed
	Canceled    Class = "canceled"     // the caller gave up
)

// Failure is a call that brought no answer, or a stream that broke off.
type Failure struct {
	Class      Class
	Status     int           // of the response, 0 without one
	RetryAfter time.Duration // how long to leave the key alone, 0 where the provider did not say
	Message    string        // safe to show: our own words, for Rejected the provider's reason with all that is like a key removed
	cause      error
}

func (f *Failure) Error() string {
	s := "provider: " + string(f.Class)
	if f.Status != 0 {
		s = fmt.Sprintf("%s (%d)", s, f.Status)
	}
	s += ": " + f.Message
	if f.cause != nil {
		s += ": " + f.cause.Error()
	}
	return s
}

// Unwrap returns the cause on our side of the wire. It never holds a key.
func (f *Failure) Unwrap() error { return f.cause }

// Replayable reports whether the same request may go to another key. Only what may have been billed, the client's own
// fault, and a caller who left are final.
func (f *Failure) Replayable() bool {
	switch f.Class {
	case Timeout, Rejected, Overlong, Canceled:
		return false
	}
	return true
}

var words = map[Class]string{
	Dead:        "the provider does not accept the key",
	Empty:       "nothing is left on the key",
	RateLimited: "the provider limits the rate of this key",
	ServerFault: "the provider failed",
	Connection:  "no connection to the provider",
	Unreadable:  "the provider's answer can't be read",
	Redirected:  "the provider answered with a redirect",
	NoModel:     "the key can't call this model",
	Oversized:   "the request is larger than what the key may do at a time",
	Overlong:    "the provider's answer is too long",
	Unsupported: "the provider does not take such requests",
	Rejected:    "the provider refused the request",
	Timeout:     "the provider took too long",
	Canceled:    "the call was given up",
}

func failed(c Class, status int, cause error) *Failure {
	return &Failure{Class: c, Status: status, Message: words[c], cause: cause}
}
