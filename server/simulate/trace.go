package simulate

import (
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
)

// Request is one call of a client.
type Request struct {
	At        time.Duration // since the first request
	Context   int64         // tokens of the prompt
	Generated int64         // tokens of the answer

	Conversation int   // which it belongs to
	Prefix       int64 // the first tokens of the prompt that were a prompt of the conversation before; 0: it begins one
}

// columns are the header of a trace.
var columns = []string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}

// timestamp is how a trace writes a time; fractions of a second may follow.
const timestamp = "2006-01-02 15:04:05"

// What a trace may hold is far above what any does, and low enough for exact arithmetic.
const mostTokens, longestTrace = 10_000_000, 10 * 365 * day

// ReadTrace reads a trace in the form of the Azure Public Dataset's AzureLLMInferenceTrace. What is no such trace is a
// BadUserInput that names the line.
func ReadTrace(r io.Reader) ([]Request, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord = len(columns), true
	header, err := in.Read()
	if err != nil || !slices.Equal(header, columns) {
		return nil, fault.Invalid("line 1", "a trace begins with TIMESTAMP,ContextTokens,GeneratedTokens").Because(err)
	}
	var out []Request
	var first time.Time
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, unreadable(err)
		}
		line, _ := in.FieldPos(0)
		at, errTime := time.Parse(timestamp, row[0])
		context, errContext := strconv.ParseInt(row[1], 10, 32)
		generated, errGenerated := strconv.ParseInt(row[2], 10, 32)
		if err := cmp.Or(errTime, errContext, errGenerated); err != nil {
			return nil, fault.Invalid("line "+strconv.Itoa(line), "a time and two numbers of tokens are expected").Because(err)
		}
		if len(out) == 0 {
			first = at
		}
		if min(context, generated) < 0 || max(context, generated) > mostTokens || at.Sub(first).Abs() > longestTrace {
			return nil, fault.Invalid("line "+strconv.Itoa(line), "no request has so many tokens, or comes at such a time")
		}
		out = append(out, Request{At: at.Sub(first), Context: context, Generated: generated})
	}
	if len(out) == 0 {
		return nil, fault.Invalid("line 2", "the trace has no requests")
	}
	return Merge(out), nil
}

func unreadable(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return fault.Invalid("line "+strconv.Itoa(syntax.Line), "%v", syntax.Err)
	}
	return err
}

// Merge lets traces run side by side, each from its first request on.
func Merge(traces ...[]Request) []Request {
	var out []Request
	for _, t := range traces {
		first := slices.MinFunc(t, byTime).At
		for _, r := range t {
			r.At -= first
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, byTime)
	return out
}

func byTime(a, b Request) int { return cmp.Compare(a.At, b.At) }

// Pace stretches or shrinks the time between requests to so many per second on average.
func Pace(requests []Request, perSecond float64) {
	last := requests[len(requests)-1].At
	if last == 0 {
		return
	}
	factor := float64(len(requests)) / perSecond / last.Seconds()
	for i := range requests {
		requests[i].At = time.Duration(float64(requests[i].At) * factor)
	}
}

// Poisson makes n requests that arrive independently of each other, so many per second on average, in the sizes that are
// drawn for them.
func Poisson(n int, perSecond float64, seed uint64, sizes func(*rand.Rand) (prompt, completion int)) []Request {
	r := rand.New(rand.NewPCG(seed, arrivals))
	out := make([]Request, n)
	var at float64
	for i := range out {
		context, generated := sizes(r)
		out[i] = Request{At: time.Duration(at * float64(time.Second)), Context: int64(context), Generated: int64(generated)}
		at += r.ExpFloat64() / perSecond
	}
	return out
}

// The streams of randomness of one seed. What befalls an attempt has streams of its own.
const (
	arrivals = iota + 1
	conversations
)
