package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/money"
)

// Price is what a model takes for a million tokens. Cached is for the part of the prompt that the answer calls cached.
type Price struct {
	Input  money.USD `json:"input"`
	Cached money.USD `json:"cached"`
	Output money.USD `json:"output"`
}

// usual are the models that every sandbox has. Some names and prices are those of real models, for the demo's sake.
var usual = map[string]Price{
	"gpt-4":                     {10 * money.One, 10 * money.One, 30 * money.One},
	"gpt-4o":                    {25 * money.One / 10, 125 * money.One / 100, 10 * money.One},
	"gpt-4o-mini":               {15 * money.One / 100, 75 * money.One / 1000, 6 * money.One / 10},
	"gpt-4.1":                   {2 * money.One, 5 * money.One / 10, 8 * money.One},
	"gpt-4.1-mini":              {4 * money.One / 10, money.One / 10, 16 * money.One / 10},
	"deepseek-v4-flash":         {14 * money.One / 100, 28 * money.One / 10000, 28 * money.One / 100},
	"deepseek-v4-pro":           {435 * money.One / 1000, 3625 * money.One / 1000000, 87 * money.One / 100},
	"gpt-5-mini":                {25 * money.One / 100, 25 * money.One / 1000, 2 * money.One},
	"gpt-3.5-turbo-instruct":    {15 * money.One / 10, 15 * money.One / 10, 2 * money.One},
	"claude-sonnet-4-5":         {3 * money.One, 3 * money.One / 10, 15 * money.One},
	"claude-haiku-4-5-20251001": {money.One, money.One / 10, 5 * money.One},
	"claude-haiku-4-5":          {money.One, money.One / 10, 5 * money.One},
	"gemini-2.5-flash":          {3 * money.One / 10, 3 * money.One / 100, 25 * money.One / 10},
	"gemini-2.5-pro":            {125 * money.One / 100, 125 * money.One / 1000, 10 * money.One},
	"text-embedding-3-small":    {2 * money.One / 100, 2 * money.One / 100, 0},
	"text-embedding-3-large":    {13 * money.One / 100, 13 * money.One / 100, 0},
}

// reasons says which models reason unasked.
var reasons = map[string]bool{"gpt-5-mini": true}

// Latency is how long an answer takes.
type Latency struct {
	FirstByte time.Duration `json:"firstByte"`
	PerToken  time.Duration `json:"perToken"`
}

// KeySpec describes a key. Keys of one Organization share its quota, which is that of its first key; the organization is
// told in the header openai-organization, and a cookie and cf-ray lead to it as well. A key without one has an account of
// its own, and none of these headers. RPM, TPM and Concurrency are limits of the key; 0 is none.
type KeySpec struct {
	Key          string    `json:"key"`
	Quota        money.USD `json:"quota"`
	Models       []string  `json:"models,omitempty"` // nil: all that the sandbox has
	Organization string    `json:"organization,omitempty"`
	Currency     string    `json:"currency,omitempty"` // of the balance that is told; "": USD
	Latency      *Latency  `json:"latency,omitempty"`  // nil: the server's
	RPM          int64     `json:"rpm,omitempty"`      // requests a minute
	TPM          int64     `json:"tpm,omitempty"`      // tokens a minute, of prompts and answers
	Concurrency  int       `json:"concurrency,omitempty"`
}

// Counts are numbers of calls. Chats counts every chat call with the key and so on, Served those that were answered and charged.
type Counts struct {
	Models      int64 `json:"models"`
	Balances    int64 `json:"balances"`
	Chats       int64 `json:"chats"`
	Completions int64 `json:"completions"`
	Responses   int64 `json:"responses"`
	Messages    int64 `json:"messages"`
	Gemini      int64 `json:"gemini"`
	Embeddings  int64 `json:"embeddings"`
	TokenCounts int64 `json:"tokenCounts"`
	Served      int64 `json:"served"`
}

func (c *Counts) count(on string) {
	switch on {
	case "models":
		c.Models++
	case "balance":
		c.Balances++
	case "chat":
		c.Chats++
	case "completions":
		c.Completions++
	case "responses":
		c.Responses++
	case "messages":
		c.Messages++
	case "gemini":
		c.Gemini++
	case "embeddings":
		c.Embeddings++
	case "count_tokens":
		c.TokenCounts++
	}
}

// KeyState is what a key has done and has left. Left is negative where the last call took more than was there.
type KeyState struct {
	KeySpec
	Used    money.USD `json:"used"`
	Left    money.USD `json:"left"`
	Revoked bool      `json:"revoked"`
	Calls   Counts    `json:"calls"`
	Faults  int       `json:"faults"` // still to come
}

var errNoKey = errors.New("sandbox: there is no such key")

type account struct {
	quota, used money.USD
	cache       promptCache
}

type key struct {
	spec    KeySpec
	account *account
	revoked bool
	used    money.USD
	calls   Counts
	running int // calls that are being answered
	minute  minute
}

func (k *key) may(model string) bool {
	return k.spec.Models == nil || slices.Contains(k.spec.Models, model)
}

// AddKey makes a key, or makes it anew.
func (s *Server) AddKey(spec KeySpec) error {
	if spec.Key == "" || strings.ContainsAny(spec.Key, " /\r\n") || spec.Quota < 0 || spec.RPM < 0 || spec.TPM < 0 || spec.Concurrency < 0 {
		return errors.New("sandbox: a key needs a name without spaces and slashes, and a quota and limits that are not negative")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range spec.Models {
		if _, ok := s.prices[m]; !ok {
			return fmt.Errorf("sandbox: there is no model %q", m)
		}
	}
	a := s.accounts[spec.Organization]
	if a == nil || spec.Organization == "" {
		a = &account{quota: spec.Quota}
		if spec.Organization != "" {
			s.accounts[spec.Organization] = a
		}
	}
	spec.Models = slices.Clone(spec.Models)
	s.keys[spec.Key] = &key{spec: spec, account: a}
	return nil
}

// Revoke ends a key: from now on it is refused everywhere.
func (s *Server) Revoke(name string) { s.onKey(name, func(k *key) { k.revoked = true }) }

// SetQuota sets the quota of a key's account; what was used stays used.
func (s *Server) SetQuota(name string, quota money.USD) {
	s.onKey(name, func(k *key) { k.account.quota = quota })
}

// SetLatency sets how long answers for a key take; "" sets it for every key that has no latency of its own.
func (s *Server) SetLatency(name string, l Latency) {
	if name == "" {
		s.mu.Lock()
		s.latency = l
		s.mu.Unlock()
		return
	}
	s.onKey(name, func(k *key) { k.spec.Latency = &l })
}

// SetLength sets how many tokens an answer has; 0: as in real chats, chosen by the request.
func (s *Server) SetLength(tokens int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.length = tokens
}

// SetPrice sets what a model takes, and adds the model where the sandbox had none of this name.
func (s *Server) SetPrice(model string, p Price) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prices[model] = p
}

func (s *Server) onKey(name string, do func(*key)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keys[name]; k != nil {
		do(k)
	}
}

// Key returns the state of a key; ok is false where there is none.
func (s *Server) Key(name string) (KeyState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[name]
	if k == nil {
		return KeyState{}, false
	}
	return s.state(k), true
}

// AllKeys returns the state of all keys, by name.
func (s *Server) AllKeys() []KeyState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []KeyState
	for _, name := range slices.Sorted(maps.Keys(s.keys)) {
		out = append(out, s.state(s.keys[name]))
	}
	return out
}

func (s *Server) state(k *key) KeyState {
	faults := 0
	for _, f := range s.scripts[k.spec.Key] {
		faults += f.Count
	}
	return KeyState{KeySpec: k.spec, Used: k.used, Left: k.account.quota - k.account.used, Revoked: k.revoked, Calls: k.calls, Faults: faults}
}

// Totals returns the counts of all keys and of calls with unknown ones.
func (s *Server) Totals() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}
