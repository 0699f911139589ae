package provider

import (
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/clock"
)

// answerError is the error object of an answer, in any of the shapes that providers use.
type answerError struct {
	code, kind, message string
	retryDelay          string
	daily               bool // a quota of a day is used up (Google)
	moderated           bool
}

// readError reads the error object of body; ok is false where it has none.
func readError(body []byte) (answerError, bool) {
	if !Readable(body) {
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
	case root.Get("choices").Exists() || root.Get("data").IsArray() || root.Get("status").Type == gjson.True:
		return answerError{}, false
	case root.Get("message").Type == gjson.String, root.Get("detail").Exists(), strings.EqualFold(root.Get("object").String(), "error"):
		e = root // Mistral, SiliconFlow
	default:
		return answerError{}, false
	}
	out := answerError{code: lower(e.Get("code")), kind: lower(e.Get("type")), message: reason(e)}
	if out.kind == "" {
		out.kind = lower(e.Get("status")) // Google
	}
	e.Get("details").ForEach(func(_, d gjson.Result) bool {
		if r := lower(d.Get("reason")); r != "" && out.code != "api_key_invalid" {
			out.code = r
		}
		if r := d.Get("retryDelay").String(); r != "" {
			out.retryDelay = r
		}
		d.Get("violations").ForEach(func(_, v gjson.Result) bool {
			out.daily = out.daily || strings.Contains(v.Get("quotaId").String(), "PerDay")
			return true
		})
		return true
	})
	meta := e.Get("metadata")
	out.moderated = meta.Get("flagged_input").Exists() || meta.Get("reasons").Exists()
	return out, true
}

// reason reads what an error says in words: its message, or the first of the faults that Mistral finds with a request.
func reason(e gjson.Result) string {
	m := first(e.Get("message"), e.Get("detail"))
	if d := m.Get("detail"); d.Exists() {
		m = d
	}
	if !m.IsArray() {
		return m.String()
	}
	var at []string
	m.Get("0.loc").ForEach(func(_, part gjson.Result) bool {
		at = append(at, part.String())
		return true
	})
	return strings.TrimPrefix(strings.Join(at, ".")+": "+m.Get("0.msg").String(), ": ")
}

func lower(r gjson.Result) string {
	if r.Type != gjson.String && r.Type != gjson.Number {
		return ""
	}
	return strings.ToLower(r.String())
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
		if e.daily {
			f.RetryAfter = untilPacificMidnight(now) // whatever delay stands beside it: that one is of the minute
		}
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
		switch {
		case e.empty() || e.dead() || e.named(rateCodes) || e.named(noModel):
			status = http.StatusBadRequest
		case e.named(overloaded):
			status = http.StatusInternalServerError
		}
	}
	if status == 0 {
		return failed(Unreadable, http.StatusOK, nil)
	}
	f := classifyError(p, status, h, e, true, key, now)
	f.Status = http.StatusOK
	return f
}
