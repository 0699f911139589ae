package v1

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

// statusDetail is a detail of a fault that has a status of its own here.
const statusDetail = "httpStatus"

// problem is an error as a client gets it.
type problem struct {
	status  int
	code    fault.Code
	message string
	field   string // the member at fault, "" where none is
	request string // the id of the request
}

// statuses are those of the faults. OpenAI's and Anthropic's clients repeat a request by the status alone: 409, 429 and
// from 500 on.
var statuses = map[fault.Code]int{
	fault.Unauthenticated:     http.StatusUnauthorized,
	fault.Forbidden:           http.StatusForbidden,
	fault.EmailNotVerified:    http.StatusForbidden,
	fault.NotFound:            http.StatusNotFound,
	fault.ModelNotFound:       http.StatusNotFound,
	fault.BadUserInput:        http.StatusBadRequest,
	fault.Conflict:            http.StatusConflict,
	fault.IdempotencyConflict: http.StatusUnprocessableEntity,
	fault.RateLimited:         http.StatusTooManyRequests,
	fault.InsufficientCredits: http.StatusPaymentRequired,
	fault.NoResourceAvailable: http.StatusServiceUnavailable,
	fault.Overloaded:          http.StatusServiceUnavailable,
	fault.UpstreamRejected:    http.StatusBadRequest,
	fault.UpstreamFailed:      http.StatusBadGateway,
}

// status is that of a fault. Where a provider's answer is behind it, it tells what kind of answer that was.
func status(f *fault.Error) int {
	if own, ok := f.Details[statusDetail].(int); ok {
		return own
	}
	var up *provider.Failure
	if errors.As(f.Unwrap(), &up) {
		switch {
		case f.Code == fault.UpstreamRejected && up.Class == provider.Rejected && up.Status > 400 && up.Status < 500 && up.Status != http.StatusUnauthorized && up.Status != http.StatusForbidden:
			return up.Status
		case up.Class == provider.Oversized:
			return http.StatusRequestEntityTooLarge
		case f.Code != fault.UpstreamFailed:
		case up.Class == provider.Timeout:
			return http.StatusGatewayTimeout
		case up.Class == provider.RateLimited:
			return http.StatusTooManyRequests
		case up.Class == provider.ServerFault && (up.Status == 529 || up.Status == http.StatusServiceUnavailable):
			return http.StatusServiceUnavailable
		}
	}
	if known, ok := statuses[f.Code]; ok {
		return known
	}
	return http.StatusInternalServerError
}

// shown is what a client gets to see of an error; what it does not get to see is logged.
func (s *server) shown(r *http.Request, w http.ResponseWriter, err error) problem {
	p := problem{status: http.StatusInternalServerError, code: fault.Internal, message: "Something went wrong on our side.", request: w.Header().Get("X-Request-Id")}
	f, ok := fault.As(err)
	if !ok || f.Code == fault.Internal {
		if r.Context().Err() == nil {
			s.Log.LogAttrs(r.Context(), slog.LevelError, "v1: internal error", slog.String("ref", p.request), slog.String("path", r.URL.Path), slog.Any("err", err))
		}
		return p
	}
	p.status, p.code, p.message, p.field = status(f), f.Code, f.Message, f.Field
	if after, ok := f.Details["retryAfterSeconds"]; ok {
		w.Header().Set("Retry-After", fmt.Sprint(after))
	} else if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	return p
}

// fail answers with an error in the shape of the dialect that was called.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.shown(r, w, err)
	body := p.openAI()
	if speaksAnthropic(r) {
		body = p.anthropic()
	}
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_, _ = w.Write(body)
}

// speaksAnthropic reports whether a request is in Anthropic's dialect.
func speaksAnthropic(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v1/messages") || r.Header.Get("Anthropic-Version") != ""
}

// kinds are the types of errors, as OpenAI and Anthropic call them.
var kinds = map[int][2]string{
	http.StatusBadRequest:            {"invalid_request_error", "invalid_request_error"},
	http.StatusUnauthorized:          {"authentication_error", "authentication_error"},
	http.StatusPaymentRequired:       {"insufficient_quota", "billing_error"},
	http.StatusForbidden:             {"permission_error", "permission_error"},
	http.StatusNotFound:              {"invalid_request_error", "not_found_error"},
	http.StatusRequestEntityTooLarge: {"invalid_request_error", "request_too_large"},
	http.StatusTooManyRequests:       {"rate_limit_error", "rate_limit_error"},
	http.StatusServiceUnavailable:    {"service_unavailable", "overloaded_error"},
	http.StatusGatewayTimeout:        {"timeout_error", "timeout_error"},
}

func (p problem) kind(dialect int) string {
	switch k, ok := kinds[p.status]; {
	case ok:
		return k[dialect]
	case p.status < 500:
		return "invalid_request_error"
	}
	return [2]string{"server_error", "api_error"}[dialect]
}

// openAI is the error in OpenAI's shape. Its code is the contract's in lower case, which for an unknown model, a wrong key
// and a rate limit is nearly what OpenAI says too.
func (p problem) openAI() []byte {
	type body struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	b := body{Message: p.message, Type: p.kind(0), Code: p.name()}
	if p.field != "" {
		b.Param = &p.field
	}
	return written(map[string]any{"error": b})
}

// name is the code as OpenAI's clients know it.
func (p problem) name() string {
	switch {
	case p.code == fault.Unauthenticated:
		return "invalid_api_key"
	case p.status == http.StatusTooManyRequests:
		return "rate_limit_exceeded"
	}
	return strings.ToLower(string(p.code))
}

// anthropic is the error in Anthropic's shape, which has no place for the member at fault but its words.
func (p problem) anthropic() []byte {
	message := p.message
	if p.field != "" {
		message = p.field + ": " + message
	}
	return written(map[string]any{
		"type": "error", "error": map[string]any{"type": p.kind(1), "message": message}, "request_id": p.request,
	})
}

// event is the error as an event of the Responses API, after so many others.
func (p problem) event(after int) []byte {
	return written(map[string]any{"type": "error", "code": p.name(), "message": p.message, "param": nil, "sequence_number": after})
}

func written(v any) []byte {
	b, _ := json.Marshal(v) // of texts: can't fail
	return b
}
