package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
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
)

var kinds = []Kind{Unauthorized, RateLimit, InsufficientQuota, ServerError, BadRequest, Slow, CutStream, Garbage, ErrorBody, Redirect, LostConnection, NoUsage, UsageOverride}

// Fault is scripted for the next Count calls of a key.
type Fault struct {
	Kind       Kind            `json:"kind"`
	Count      int             `json:"count,omitempty"` // 0: one call
	On         string          `json:"on,omitempty"`    // "chat", "models", "balance", "embeddings" or "any"; "": chat
	RetryAfter time.Duration   `json:"retryAfter,omitempty"`
	Delay      time.Duration   `json:"delay,omitempty"`
	Chunks     int             `json:"chunks,omitempty"`
	Status     int             `json:"status,omitempty"`
	Location   string          `json:"location,omitempty"`
	Message    string          `json:"message,omitempty"`
	Prompt     int64           `json:"prompt,omitempty"`
	Completion int64           `json:"completion,omitempty"`
	Cached     int64           `json:"cached,omitempty"`
	Raw        json.RawMessage `json:"raw,omitempty"`
}

// Script puts faults behind those that a key still has to come; "" is for whichever key calls, after the key's own.
func (s *Server) Script(key string, faults ...Fault) error {
	for i := range faults {
		f := &faults[i]
		if !slices.Contains(kinds, f.Kind) {
			return fmt.Errorf("sandbox: there is no fault %q", f.Kind)
		}
		if !slices.Contains([]string{"", "chat", "models", "balance", "embeddings", "any"}, f.On) {
			return fmt.Errorf("sandbox: a fault can't be on %q", f.On)
		}
		if f.Count < 0 || f.Prompt < 0 || f.Completion < 0 || f.Cached < 0 || f.Cached > f.Prompt || f.Prompt > 1<<40 || f.Completion > 1<<40 {
			return errors.New("sandbox: a fault has impossible figures; odd usage is told with raw")
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

// fail answers a call by its fault; false where the fault leaves it to be answered in the ordinary way.
func (f *Fault) fail(w http.ResponseWriter, key string) bool {
	say := func(usual string) string {
		if f.Message != "" {
			return f.Message
		}
		return usual
	}
	status := func(usual int) int {
		if f.Status != 0 {
			return f.Status
		}
		return usual
	}
	switch f.Kind {
	case Unauthorized:
		problem(w, status(401), "invalid_request_error", "invalid_api_key", say("Incorrect API key provided: "+key+". You can find your API key in your account."))
	case RateLimit:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.FormatFloat(f.RetryAfter.Seconds(), 'f', -1, 64))
		}
		problem(w, status(429), "requests", "rate_limit_exceeded", say("Rate limit reached"))
	case InsufficientQuota:
		problem(w, status(429), "insufficient_quota", "insufficient_quota", say(noQuota))
	case ServerError:
		problem(w, status(500), "server_error", "", say("The server had an error while processing your request"))
	case BadRequest:
		problem(w, status(400), "invalid_request_error", "invalid_value", say("The request is not valid"))
	case Garbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>" + say("It works!") + "</body></html>"))
	case ErrorBody:
		problem(w, status(200), "server_error", "", say("The upstream had an error"))
	case Redirect:
		w.Header().Set("Location", f.Location)
		w.WriteHeader(status(http.StatusFound))
	case LostConnection:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// problem answers with an error of OpenAI's shape.
func problem(w http.ResponseWriter, status int, kind, code, message string) {
	var c any
	if code != "" {
		c = code
	}
	b, _ := json.Marshal(map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": c}}) // no value here can fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// masked shows a key as providers do in their messages.
func masked(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:4] + strings.Repeat("*", 8) + key[len(key)-4:]
}
