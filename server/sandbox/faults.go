package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is what happens to a call.
type Kind string

// The kinds of faults.
const (
	Unauthorized      Kind = "unauthorized"       // 401; the message quotes the whole key, which must not get any further
	RateLimit         Kind = "rate_limit"         // 429 with Retry-After
	InsufficientQuota Kind = "insufficient_quota" // 429, as when nothing is left
	ServerError       Kind = "server_error"       // Status, 500 unless said
	BadRequest        Kind = "bad_request"        // Status, 400 unless said, with Message
	Slow              Kind = "slow"               // Delay before anything else, then an ordinary answer
	CutStream         Kind = "cut_stream"         // the connection drops after Chunks pieces; a whole answer drops in its middle
	Garbage           Kind = "garbage"            // 200 with what is no answer
	ErrorBody         Kind = "error_body"         // 200 with an error in it
	Redirect          Kind = "redirect"           // 302 to Location
	LostConnection    Kind = "lost_connection"    // the connection drops before a header
	NoUsage           Kind = "no_usage"           // an answer that does not tell its usage
	UsageOverride     Kind = "usage"              // an answer of these tokens; Raw, where set, is told as it stands instead
	RawAnswer         Kind = "raw"                // Status, 200 unless said, with Headers and Body as they stand
	StreamError       Kind = "stream_error"       // an error after Chunks pieces of a stream, which ends with it; for a whole answer as error_body
	Stall             Kind = "stall"              // nothing for Delay after Chunks pieces; a whole answer stalls in its middle
)

var kinds = []Kind{
	Unauthorized, RateLimit, InsufficientQuota, ServerError, BadRequest, Slow, CutStream, Garbage, ErrorBody, Redirect, LostConnection,
	NoUsage, UsageOverride, RawAnswer, StreamError, Stall,
}

// endpoints are what a fault can be on.
var endpoints = []string{"chat", "completions", "responses", "messages", "gemini", "embeddings", "models", "balance", "count_tokens"}

// Fault is scripted for the next Count calls of a key. Errors are told in the dialect of the endpoint.
type Fault struct {
	Kind       Kind              `json:"kind"`
	Count      int               `json:"count,omitempty"` // 0: one call
	On         string            `json:"on,omitempty"`    // chat, completions, responses, messages, gemini, embeddings, models, balance, count_tokens or any; "": chat
	RetryAfter time.Duration     `json:"retryAfter,omitempty"`
	QuotaID    string            `json:"quotaId,omitempty"` // of rate_limit and insufficient_quota, told by Gemini alone
	Delay      time.Duration     `json:"delay,omitempty"`
	Chunks     int               `json:"chunks,omitempty"`
	Status     int               `json:"status,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       string            `json:"body,omitempty"`
	Location   string            `json:"location,omitempty"`
	Message    string            `json:"message,omitempty"`
	Prompt     int64             `json:"prompt,omitempty"`     // all of it, cached parts included
	Completion int64             `json:"completion,omitempty"` // all of it, reasoning included
	Cached     int64             `json:"cached,omitempty"`
	CacheWrite int64             `json:"cacheWrite,omitempty"` // costs 1.25 times the price of input
	Reasoning  int64             `json:"reasoning,omitempty"`
	Raw        json.RawMessage   `json:"raw,omitempty"`
}

// Script puts faults behind those that a key still has to come; "" is for whichever key calls, after the key's own.
func (s *Server) Script(key string, faults ...Fault) error {
	for i := range faults {
		f := &faults[i]
		if !slices.Contains(kinds, f.Kind) {
			return fmt.Errorf("sandbox: there is no fault %q", f.Kind)
		}
		if f.On != "" && f.On != "any" && !slices.Contains(endpoints, f.On) {
			return fmt.Errorf("sandbox: a fault can't be on %q", f.On)
		}
		if f.Count < 0 || f.impossible() {
			return errors.New("sandbox: a fault has impossible figures; odd usage is told with raw")
		}
		if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
			return fmt.Errorf("sandbox: no answer has the status %d", f.Status)
		}
		if f.Raw != nil && !json.Valid(f.Raw) {
			return errors.New("sandbox: raw is not JSON")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		f.Count = max(f.Count, 1)
		s.scripts[key] = append(s.scripts[key], f)
	}
	return nil
}

func (f *Fault) impossible() bool {
	return min(f.Prompt, f.Completion, f.Cached, f.CacheWrite, f.Reasoning) < 0 || max(f.Prompt, f.Completion, f.Cached, f.CacheWrite) > 1<<40 ||
		f.Cached+f.CacheWrite > f.Prompt || f.Reasoning > f.Completion
}

// ClearScript drops the faults that a key still has to come.
func (s *Server) ClearScript(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.scripts, key)
}

// next takes the fault of a call. The caller holds mu.
func (s *Server) next(key, on string) *Fault {
	for _, name := range []string{key, ""} {
		queue := s.scripts[name]
		for i := range queue {
			f := queue[i]
			if f.On != on && f.On != "any" && (f.On != "" || on != "chat") {
				continue
			}
			if queue[i].Count--; queue[i].Count == 0 {
				s.scripts[name] = slices.Delete(queue, i, i+1)
			}
			return &f
		}
	}
	return nil
}

// trouble returns what an error of the fault tells.
func (f *Fault) trouble(key string) trouble {
	t := trouble{message: f.Message, status: f.Status}
	switch f.Kind {
	case Unauthorized:
		t.code = badKey
		t.message = orElse(t.message, "Incorrect API key provided: "+key+". You can find your API key in your account.")
	case RateLimit:
		t.code, t.retryAfter, t.quotaID = tooFast, f.RetryAfter, f.QuotaID
	case InsufficientQuota:
		t.code, t.retryAfter, t.quotaID = nothing, f.RetryAfter, f.QuotaID
	case ErrorBody, StreamError:
		t.code = broken
		t.message = orElse(t.message, "The upstream had an error")
	case ServerError:
		t.code = broken
	case BadRequest:
		t.code = badValue
	}
	return t
}

// fail answers a call by its fault; false where the fault leaves it to be answered in the ordinary way.
func (f *Fault) fail(c *call) bool {
	switch f.Kind {
	case RateLimit:
		if _, ok := c.dialect.(anthropic); ok {
			wait := orElse(f.RetryAfter, time.Minute)
			c.dialect.rate(c.w.Header(), "Requests", rate{limit: orElse(c.key.spec.RPM, 50), reset: wait, resetAt: c.at.Add(wait)})
		}
		refuse(c.w, c.dialect, f.trouble(c.name))
	case Unauthorized, InsufficientQuota, ServerError, BadRequest:
		refuse(c.w, c.dialect, f.trouble(c.name))
	case Garbage:
		c.w.Header().Set("Content-Type", "text/html")
		_, _ = c.w.Write([]byte("<html><body>" + orElse(f.Message, "It works!") + "</body></html>"))
	case ErrorBody:
		f.errorBody(c)
	case RawAnswer:
		c.w.Header().Set("Content-Type", "application/json")
		for name, v := range f.Headers {
			c.w.Header().Set(name, v)
		}
		c.w.WriteHeader(orElse(f.Status, http.StatusOK))
		_, _ = c.w.Write([]byte(f.Body))
	case Redirect:
		c.w.Header().Set("Location", f.Location)
		c.w.WriteHeader(orElse(f.Status, http.StatusFound))
	case LostConnection:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// errorBody answers with an error and a status that tells none.
func (f *Fault) errorBody(c *call) {
	t, status := f.trouble(c.name), http.StatusOK
	if f.Kind == ErrorBody {
		t.status, status = 0, orElse(f.Status, status)
	}
	_, body := c.dialect.trouble(t, c.w.Header())
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body)
}

// masked shows a key as providers do in their messages.
func masked(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:4] + strings.Repeat("*", 8) + key[len(key)-4:]
}
