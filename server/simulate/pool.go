package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
)

// Pool is the keys that serve, in an order that only round robin looks at.
type Pool []Key

// Key describes a key and the provider behind it.
type Key struct {
	Name     string
	Platform bool
	Backup   bool

	Input, Cached, Output money.USD // for a million tokens
	Quota                 money.USD
	ExpiresAfter          time.Duration // since the first request; 0: never

	// What the provider allows, 0 for no limit. Above it the answer is a 429 that says when to come again. The first two are
	// buckets of a minute that fill evenly.
	RequestsPerMinute, TokensPerMinute int64
	Concurrency                        int64

	FirstToken, PerToken time.Duration // without load
	SlowsAt              int64         // so many requests at once take twice the time, twice as many three times; 0: it never slows
	FailureRate          float64       // the share of requests that end in a 5xx, after the time of a first token
}

// keyFile is how a Key is written down.
type keyFile struct {
	Name              string  `json:"name"`
	Platform          bool    `json:"platform"`
	Backup            bool    `json:"backup"`
	Input             string  `json:"input_per_million"`
	Cached            string  `json:"cached_per_million"`
	Output            string  `json:"output_per_million"`
	Quota             string  `json:"quota"`
	ExpiresAfter      string  `json:"expires_after"`
	RequestsPerMinute int64   `json:"requests_per_minute"`
	TokensPerMinute   int64   `json:"tokens_per_minute"`
	Concurrency       int64   `json:"concurrency"`
	FirstToken        string  `json:"first_token"`
	PerToken          string  `json:"per_token"`
	SlowsAt           int64   `json:"slows_at"`
	FailureRate       float64 `json:"failure_rate"`
}

// dearest is the highest price of a million tokens.
const dearest = 1_000_000 * money.One

// ReadPool reads {"keys": [{…}, …]}. It returns every fault, joined: each is a BadUserInput that names the field.
func ReadPool(r io.Reader) (Pool, error) {
	in := json.NewDecoder(r)
	in.DisallowUnknownFields()
	var file struct {
		Keys []keyFile `json:"keys"`
	}
	if err := in.Decode(&file); err != nil {
		return nil, misread(err)
	}
	if rest, err := io.ReadAll(in.Buffered()); err != nil || len(bytes.TrimSpace(rest)) > 0 || in.More() {
		return nil, fault.Invalid("", "something follows the pool").Because(err)
	}
	if len(file.Keys) == 0 {
		return nil, fault.Invalid("keys", "a pool has a key at least")
	}
	var errs []error
	pool, named := make(Pool, len(file.Keys)), map[string]bool{}
	for i, k := range file.Keys {
		field := fmt.Sprintf("keys[%d]", i)
		if named[k.Name] {
			errs = append(errs, fault.Invalid(field+".name", "another key has this name"))
		}
		named[k.Name] = true
		var refused []*fault.Error
		pool[i], refused = k.key()
		for _, f := range refused {
			errs = append(errs, f.In(field))
		}
	}
	return pool, errors.Join(errs...)
}

// misread names the field where the decoder does.
func misread(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fault.Invalid(kind.Field, "a %s can't stand here", kind.Value)
	}
	return fault.Invalid("", "%v", err)
}

func (f keyFile) key() (k Key, refused []*fault.Error) {
	refuse := func(bad bool, field, message string) {
		if bad {
			refused = append(refused, fault.Invalid(field, "%s", message))
		}
	}
	amount := func(field, text string) money.USD {
		usd, err := money.Parse[money.USD](text)
		refuse(err != nil || usd < 0, field, `an amount in USD is expected, such as "2.50"`)
		return usd
	}
	price := func(field, text string) money.USD {
		usd := amount(field, text)
		refuse(usd > dearest, field, "no provider is that dear")
		return usd
	}
	span := func(field, text string) time.Duration {
		if text == "" {
			return 0
		}
		d, err := time.ParseDuration(text)
		refuse(err != nil || d < 0, field, `a time span is expected, such as "400ms" or "36h"`)
		return d
	}
	refuse(f.Name == "", "name", "a key has a name")
	k = Key{
		Name: f.Name, Platform: f.Platform, Backup: f.Backup,
		Input: price("input_per_million", f.Input), Output: price("output_per_million", f.Output),
		Quota: amount("quota", f.Quota), ExpiresAfter: span("expires_after", f.ExpiresAfter),
		RequestsPerMinute: f.RequestsPerMinute, TokensPerMinute: f.TokensPerMinute, Concurrency: f.Concurrency,
		FirstToken: span("first_token", f.FirstToken), PerToken: span("per_token", f.PerToken),
		SlowsAt: f.SlowsAt, FailureRate: f.FailureRate,
	}
	if k.Cached = k.Input; f.Cached != "" { // no price of its own: no discount
		k.Cached = price("cached_per_million", f.Cached)
	}
	refuse(k.Cached > k.Input, "cached_per_million", "cached input does not cost more than input")
	for _, limit := range []struct {
		field string
		n     int64
	}{
		{"requests_per_minute", f.RequestsPerMinute}, {"tokens_per_minute", f.TokensPerMinute},
		{"concurrency", f.Concurrency}, {"slows_at", f.SlowsAt},
	} {
		refuse(limit.n < 0, limit.field, "a limit can't be negative; 0 is none")
	}
	refuse(!(f.FailureRate >= 0 && f.FailureRate <= 1), "failure_rate", "a share is between 0 and 1")
	return k, refused
}
