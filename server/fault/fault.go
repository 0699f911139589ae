// Package fault is the one error type that may reach a client.
//
// A fault has a code from a closed list (the contract's extensions.code), a message that is safe to show, and, for bad
// input, the path of the argument at fault. Every other error is internal: the edges answer it with an opaque message and
// a reference that is in the log. Imports: the standard library alone.
package fault

import (
	"errors"
	"fmt"
	"maps"
)

// Code is one of the contract's error codes.
type Code string

// The closed list of codes. contract.graphqls says what each means to a client.
const (
	Unauthenticated          Code = "UNAUTHENTICATED"
	Forbidden                Code = "FORBIDDEN"
	NotFound                 Code = "NOT_FOUND"
	BadUserInput             Code = "BAD_USER_INPUT"
	Conflict                 Code = "CONFLICT"
	RateLimited              Code = "RATE_LIMITED"
	TooComplex               Code = "TOO_COMPLEX"
	InsufficientCredits      Code = "INSUFFICIENT_CREDITS"
	ModelNotFound            Code = "MODEL_NOT_FOUND"
	NoResourceAvailable      Code = "NO_RESOURCE_AVAILABLE"
	Overloaded               Code = "OVERLOADED"
	UpstreamRejected         Code = "UPSTREAM_REJECTED"
	UpstreamFailed           Code = "UPSTREAM_FAILED"
	KeyRejected              Code = "KEY_REJECTED"
	KeyAlreadyDeposited      Code = "KEY_ALREADY_DEPOSITED"
	DeclaredQuotaTooHigh     Code = "DECLARED_QUOTA_TOO_HIGH"
	ProviderUnreachable      Code = "PROVIDER_UNREACHABLE"
	IdempotencyConflict      Code = "IDEMPOTENCY_CONFLICT"
	SecondFactorRequired     Code = "SECOND_FACTOR_REQUIRED"
	ReauthenticationRequired Code = "REAUTHENTICATION_REQUIRED"
	EmailNotVerified         Code = "EMAIL_NOT_VERIFIED"
	Internal                 Code = "INTERNAL"
)

// Error is a fault. Message and Details are shown to the client; the cause, reached by errors.Unwrap, is not.
type Error struct {
	Code    Code
	Message string
	Field   string         // path of the argument at fault, "" where none is
	Details map[string]any // further extensions: actualQuota, owed, retryAfterSeconds, …
	cause   error
}

// New returns a fault with a message that is safe to show.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns a BadUserInput that names the argument at fault, e.g. "input.quota".
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: BadUserInput, Message: fmt.Sprintf(format, args...), Field: field}
}

// With returns a copy that carries one more detail.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Details = maps.Clone(e.Details)
	if c.Details == nil {
		c.Details = map[string]any{}
	}
	c.Details[key] = value
	return &c
}

// Because returns a copy that wraps cause, which is logged but never shown.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// In returns a copy whose field is put under prefix: In("input") turns "quota" into "input.quota".
func (e *Error) In(prefix string) *Error {
	c := *e
	switch {
	case c.Field == "":
		c.Field = prefix
	case prefix != "":
		c.Field = prefix + "." + c.Field
	}
	return &c
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a fault of the same code and message, so that a sentinel matches its copies.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == e.Message
}

// As returns the first fault in err's tree.
func As(err error) (*Error, bool) {
	var f *Error
	ok := errors.As(err, &f)
	return f, ok
}

// CodeOf returns the code of err: Internal for an error that is no fault, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if f, ok := As(err); ok {
		return f.Code
	}
	return Internal
}
