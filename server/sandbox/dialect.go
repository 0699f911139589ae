package sandbox

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	noQuota      = "You exceeded your current quota, please check your plan and billing details."
	noCredit     = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."
	noPrepayment = "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing."
)

// The codes of troubles, by OpenAI's names; every dialect has its own for them.
const (
	badKey     = "invalid_api_key"
	noModel    = "model_not_found"
	tooFast    = "rate_limit_exceeded"
	nothing    = "insufficient_quota"
	broken     = "server_error"
	badValue   = "invalid_value"
	unreadable = ""
)

// trouble is why a call is not answered.
type trouble struct {
	code       string
	message    string        // "": the usual one
	status     int           // 0: the usual one
	retryAfter time.Duration // 0: not told
	quotaID    string        // Google's name of the limit that was hit
	key        string        // the key as a message may show it
}

// rate is what is told about a limit per minute.
type rate struct {
	limit, left int64
	reset       time.Duration // from now
	resetAt     time.Time
}

// dialect is how an endpoint takes credentials, and tells troubles and limits.
type dialect interface {
	credential(r *http.Request) string
	// trouble returns the status and the body of a refusal. h is that of the answer.
	trouble(t trouble, h http.Header) (int, []byte)
	// rate tells a limit, of "requests" or "tokens".
	rate(h http.Header, of string, r rate)
}

// refuse answers with a trouble.
func refuse(w http.ResponseWriter, d dialect, t trouble) {
	status, body := d.trouble(t, w.Header())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func document(v any) []byte {
	b, _ := json.Marshal(v) // no value here can fail
	return b
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

func orElse[T comparable](v, usual T) T {
	var none T
	if v == none {
		return usual
	}
	return v
}

type openAI struct{}

func (openAI) credential(r *http.Request) string {
	if key := r.Header.Get("Api-Key"); key != "" && strings.HasPrefix(r.URL.Path, "/openai/") {
		return key // Azure's own header
	}
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return key
}

func (openAI) trouble(t trouble, h http.Header) (int, []byte) {
	status, kind, message := http.StatusBadRequest, "invalid_request_error", "The request is not valid"
	var code any = t.code
	switch t.code {
	case badKey:
		status, message = http.StatusUnauthorized, "Incorrect API key provided: "+t.key+"."
	case noModel:
		status, message = http.StatusNotFound, "The model does not exist or you do not have access to it."
	case tooFast:
		status, kind, message = http.StatusTooManyRequests, "requests", "Rate limit reached"
	case nothing:
		status, kind, message = http.StatusTooManyRequests, nothing, noQuota
	case broken:
		status, kind, code, message = http.StatusInternalServerError, broken, nil, "The server had an error while processing your request"
	case unreadable:
		code = nil
	}
	if t.retryAfter > 0 {
		h.Set("Retry-After", seconds(t.retryAfter))
	}
	return orElse(t.status, status), document(map[string]any{"error": map[string]any{
		"message": orElse(t.message, message), "type": kind, "param": nil, "code": code,
	}})
}

func (openAI) rate(h http.Header, of string, r rate) {
	h.Set("X-Ratelimit-Limit-"+of, strconv.FormatInt(r.limit, 10))
	h.Set("X-Ratelimit-Remaining-"+of, strconv.FormatInt(r.left, 10))
	h.Set("X-Ratelimit-Reset-"+of, r.reset.String())
}

type anthropic struct{}

func (anthropic) credential(r *http.Request) string { return r.Header.Get("X-Api-Key") }

// anthropicTypes are the types of errors; they follow from the status.
var anthropicTypes = map[int]string{
	400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
	413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error",
}

func (a anthropic) trouble(t trouble, h http.Header) (int, []byte) {
	status, message := http.StatusBadRequest, "The request is not valid"
	switch t.code {
	case badKey:
		status, message = http.StatusUnauthorized, "invalid x-api-key"
	case noModel:
		status, message = http.StatusNotFound, "model not found"
	case tooFast:
		status, message = http.StatusTooManyRequests, "This request would exceed your organization's rate limit. Please try again later."
		if t.retryAfter > 0 {
			h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(t.retryAfter.Seconds())), 10))
		}
	case nothing:
		message = noCredit
	case broken:
		status, message = http.StatusInternalServerError, "Internal server error"
		if t.status == 529 {
			message = "Overloaded"
		}
	}
	status = orElse(t.status, status)
	h.Set("Request-Id", "req_sandbox")
	return status, document(map[string]any{"type": "error", "request_id": "req_sandbox", "error": map[string]any{
		"type": orElse(anthropicTypes[status], "api_error"), "message": orElse(t.message, message),
	}})
}

func (anthropic) rate(h http.Header, of string, r rate) {
	h.Set("Anthropic-Ratelimit-"+of+"-Limit", strconv.FormatInt(r.limit, 10))
	h.Set("Anthropic-Ratelimit-"+of+"-Remaining", strconv.FormatInt(r.left, 10))
	h.Set("Anthropic-Ratelimit-"+of+"-Reset", r.resetAt.UTC().Format(time.RFC3339))
}

type gemini struct{}

func (gemini) credential(r *http.Request) string { return r.Header.Get("X-Goog-Api-Key") }

// googleStatuses are the names of the statuses.
var googleStatuses = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
	500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

func (gemini) trouble(t trouble, _ http.Header) (int, []byte) {
	status, message := http.StatusBadRequest, "Request contains an invalid argument."
	var details []any
	detail := func(name string, v map[string]any) {
		out := map[string]any{"@type": "type.googleapis.com/google.rpc." + name}
		maps.Copy(out, v)
		details = append(details, out)
	}
	switch t.code {
	case badKey:
		message = "API key not valid. Please pass a valid API key."
		detail("ErrorInfo", map[string]any{"reason": "API_KEY_INVALID", "domain": "googleapis.com", "metadata": map[string]any{"service": "generativelanguage.googleapis.com"}})
	case noModel:
		status, message = http.StatusNotFound, "The model is not found for API version v1beta."
	case tooFast:
		status, message = http.StatusTooManyRequests, noQuota
	case nothing:
		status, message = http.StatusTooManyRequests, noPrepayment
	case broken:
		status, message = http.StatusInternalServerError, "An internal error has occurred."
	}
	if t.quotaID != "" {
		detail("QuotaFailure", map[string]any{"violations": []any{map[string]any{"quotaId": t.quotaID, "quotaMetric": "generativelanguage.googleapis.com/generate_requests"}}})
	}
	if t.retryAfter > 0 {
		detail("RetryInfo", map[string]any{"retryDelay": seconds(t.retryAfter) + "s"})
	}
	status = orElse(t.status, status)
	out := map[string]any{"code": status, "message": orElse(t.message, message), "status": orElse(googleStatuses[status], "UNKNOWN")}
	if details != nil {
		out["details"] = details
	}
	return status, document(map[string]any{"error": out})
}

func (gemini) rate(http.Header, string, rate) {} // tells none
