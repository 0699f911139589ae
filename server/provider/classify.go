package provider

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/clock"
)

// answerError is the error object of an answer, in any of the shapes that providers use.
type answerError struct {
	code, kind, message string
	retryDelay          string
	moderated           bool
}

// readError reads the error object of body; ok is false where it has none.
func readError(body []byte) (answerError, bool) {
	if !readable(body) {
		return answerError{}, false
	}
	root := gjson.ParseBytes(body)
	if root.IsArray() {
		root = root.Get("0")
	}
	e := root.Get("error")
	switch {
	case e.IsObject():
	case e.Type == gjson.String: // xAI: {"code": "…", "error": "Incorrect API key provided…"}
		return answerError{code: lower(root.Get("code")), message: e.String()}, true
	case root.Get("choices").Exists() || root.Get("data").IsArray():
		return answerError{}, false
	case root.Get("message").Type == gjson.String || root.Get("detail").Exists(): // Mistral, SiliconFlow
		e = root
	default:
		return answerError{}, false
	}
	out := answerError{code: lower(e.Get("code")), kind: lower(e.Get("type")), message: e.Get("message").String()}
	if out.kind == "" {
		out.kind = lower(e.Get("status")) // Google
	}
	if out.message == "" {
		out.message = e.Get("detail").String()
	}
	e.Get("details").ForEach(func(_, d gjson.Result) bool {
		if r := lower(d.Get("reason")); r != "" && out.code != "api_key_invalid" {
			out.code = r
		}
		if r := d.Get("retryDelay").String(); r != "" {
			out.retryDelay = r
		}
		return true
	})
	meta := e.Get("metadata")
	out.moderated = meta.Get("flagged_input").Exists() || meta.Get("reasons").Exists()
	return out, true
}

func lower(r gjson.Result) string {
	if r.Type != gjson.String && r.Type != gjson.Number {
		return ""
	}
	return strings.ToLower(r.String())
}

// The codes and types by which providers name a class, whatever the status. The last ones of a list are the numbers of
// Zhipu and SiliconFlow.
var (
	emptyCodes = []string{"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached", "billing_not_active", "billing_error",
		"exceeded_current_quota_error", "insufficient_balance", "insufficient_user_quota", "insufficient_credits", "arrearage", "1113", "30001"}
	deadCodes = []string{"invalid_api_key", "incorrect_api_key", "api_key_invalid", "account_deactivated", "authentication_error", "invalid_authentication_error"}
	rateCodes = []string{"rate_limit_exceeded", "rate_limit_error", "resource_exhausted"}
	noModel   = []string{"model_not_found", "model_decommissioned", "model_not_available", "model_not_supported", "unsupported_model", "invalid_model", "1211", "20012"}

	// Messages are matched from their beginning: what a caller sent may be quoted further on, and must not decide about a
	// key. A dead key is confirmed by another call before anything happens to it, so there a quotation does no harm.
	emptyMessages = []string{"your credit balance is too low", "insufficient balance", "insufficient credits", "key limit exceeded"}
	noModelStarts = []string{"model not exist", "model does not exist", "the model does not exist", "unknown model"}
	deadMessages  = []string{"incorrect api key", "invalid api key", "api key not valid", "api key is invalid", "api key expired"}
)

func (e answerError) named(list []string) bool {
	return slices.Contains(list, e.code) || slices.Contains(list, e.kind)
}

func (e answerError) starts(list []string) bool {
	m := strings.ToLower(strings.TrimSpace(e.message))
	return slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(m, p) })
}

func (e answerError) empty() bool {
	if e.named(emptyCodes) || e.starts(emptyMessages) {
		return true
	}
	m := strings.ToLower(e.message) // xAI: "Your team <id> has either used all available credits or …"
	return (strings.HasPrefix(m, "your team ") || strings.HasPrefix(m, "your newly created team ")) && strings.Contains(m[:min(len(m), 160)], " credits")
}

func (e answerError) dead() bool {
	m := strings.ToLower(e.message)
	return e.named(deadCodes) || slices.ContainsFunc(deadMessages, func(p string) bool { return strings.Contains(m, p) })
}

// classOf tells the class of an answer that is no success. It is the error table of the product in code.
func classOf(p *Provider, status int, e answerError) Class {
	switch {
	case status >= 300 && status < 400:
		return Redirected
	case status >= 500, status == 498: // 498: Groq is out of capacity
		return ServerFault
	case status == http.StatusPaymentRequired:
		return Empty
	case status == http.StatusTooManyRequests && p.quirks.quotaIsRate:
		return RateLimited
	case e.empty() && status != http.StatusUnauthorized:
		return Empty
	case status == http.StatusTooManyRequests, e.named(rateCodes) && status != http.StatusUnauthorized:
		return RateLimited
	case status == http.StatusUnauthorized, e.dead():
		return Dead
	case status == http.StatusForbidden && e.moderated:
		return Rejected
	case status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusGone, e.named(noModel), e.starts(noModelStarts),
		status == http.StatusBadRequest && strings.HasSuffix(e.message, "is not a valid model ID"):
		return NoModel
	case status == http.StatusRequestTimeout, status == http.StatusConflict, status == http.StatusTooEarly:
		return ServerFault
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity,
		status == http.StatusUnavailableForLegalReasons, status == http.StatusRequestURITooLong, status == http.StatusFailedDependency:
		return Rejected
	}
	return Unreadable // a status that the dialect does not have
}

// classify makes a failure of an answer that is no success.
func classify(p *Provider, status int, h http.Header, body []byte, key string, now clock.Clock) *Failure {
	e, ok := readError(body)
	return classifyError(p, status, h, e, ok, key, now)
}

func classifyError(p *Provider, status int, h http.Header, e answerError, ok bool, key string, now clock.Clock) *Failure {
	f := failed(classOf(p, status, e), status, nil)
	switch f.Class {
	case RateLimited, ServerFault:
		f.RetryAfter = retryAfter(h, e.retryDelay, now)
	case Rejected:
		if m := sanitise(e.message, key); ok && m != "" {
			f.Message = m
		}
	}
	return f
}

// inBody classifies an error that came with status 200: by the status that it names, else by its code.
func inBody(p *Provider, h http.Header, e answerError, key string, now clock.Clock) *Failure {
	status := 0
	if len(e.code) == 3 && strings.Trim(e.code, "0123456789") == "" {
		for _, c := range e.code {
			status = status*10 + int(c-'0')
		}
	}
	if status < 400 {
		status = 0
		if e.empty() || e.dead() || e.named(rateCodes) || e.named(noModel) {
			status = http.StatusBadRequest
		}
	}
	if status == 0 {
		return failed(Unreadable, http.StatusOK, nil)
	}
	f := classifyError(p, status, h, e, true, key, now)
	f.Status = http.StatusOK
	return f
}
