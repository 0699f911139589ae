package gateway

import (
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
)

// metered is what a request used, as it is booked.
type metered struct {
	prompt     int64
	cached     int64 // part of prompt
	cacheWrite int64 // part of prompt
	completion int64
	longWrite  int64      // part of cacheWrite
	reasoning  int64      // part of completion
	cost       *money.USD // what the provider says that it took, nil where it does not

	estimated bool     // counted here
	breaches  []breach // of the bounds within which a provider's report is believed
}

// breach is a kind of report that was out of bounds. Each is alerted once per key.
type breach string

const (
	breachMalformed breach = "usage.malformed"
	breachPrompt    breach = "usage.prompt"
	breachOutput    breach = "usage.output"
	breachParts     breach = "usage.parts"
	breachCost      breach = "usage.cost"
)

var breachMessages = map[breach]string{
	breachMalformed: "The provider reported usage that can't be read. The request was counted here.",
	breachPrompt:    "The provider reported more prompt tokens than the model's context window. They were cut to it.",
	breachOutput:    "The provider reported more output tokens than the cap that was sent. They were cut to it.",
	breachCost:      "The provider reported that it took more than what was reserved for the request. The price list decided instead.",
	breachParts:     "The provider reported a part of the usage that is larger than the whole. It was cut.",
}

func (m *metered) clamped() bool { return len(m.breaches) > 0 }

// bounds are what a report is held against.
type bounds struct {
	window int64 // of the model, 0 where unknown
	output int64 // the cap that was sent
}

// believe returns a report within its bounds. ok is false where there is none that can be used, so that the request must
// be counted here; a report that is there and unusable is a breach all the same.
func (b bounds) believe(u *provider.Usage) (m metered, ok bool) {
	if u == nil {
		return metered{}, false
	}
	if u.Malformed {
		return metered{breaches: []breach{breachMalformed}}, false
	}
	window := b.window
	if window == 0 {
		window = largestWindow
	}
	m.prompt = m.within(u.Prompt, window, breachPrompt)
	m.completion = m.within(u.Completion, b.output, breachOutput)
	m.cached = m.within(u.CachedRead, m.prompt, breachParts)
	m.cacheWrite = m.within(u.CacheWrite, m.prompt-m.cached, breachParts)
	m.longWrite = m.within(u.LongWrite, m.cacheWrite, breachParts)
	m.cost = u.Cost
	m.reasoning = m.within(u.Reasoning, m.completion, breachParts)
	return m, true
}

func (m *metered) within(n, most int64, kind breach) int64 {
	if n >= 0 && n <= most {
		return n
	}
	if len(m.breaches) == 0 || m.breaches[len(m.breaches)-1] != kind {
		m.breaches = append(m.breaches, kind)
	}
	return min(max(n, 0), most)
}

// counted returns what was counted here, within the same bounds: an estimate must not exceed what was held either.
func (b bounds) counted(prompt, completion int64, report metered) metered {
	if b.window > 0 {
		prompt = min(prompt, b.window)
	}
	return metered{prompt: prompt, completion: min(completion, b.output), estimated: true, breaches: report.breaches}
}
