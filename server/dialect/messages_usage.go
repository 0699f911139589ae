package dialect

import (
	"math"
	"strconv"

	"github.com/tidwall/gjson"
)

// msgFigure is a count that a provider reports: missing, malformed or known.
type msgFigure struct {
	n      int64
	exists bool
	bad    bool
}

const msgMaxFigure = 1 << 62

func msgFigureOf(r gjson.Result) msgFigure {
	if r.Type == gjson.Null {
		return msgFigure{}
	}
	if n, err := strconv.ParseInt(r.Raw, 10, 64); err == nil {
		return msgFigure{n: n, exists: true, bad: n < 0 || n > msgMaxFigure}
	}
	// 12.0 and 1e3 are whole numbers too.
	f := r.Num
	if r.Type != gjson.Number || f != math.Trunc(f) || f < 0 || f > 1<<53 {
		return msgFigure{exists: true, bad: true}
	}
	return msgFigure{n: int64(f), exists: true}
}

// plus adds a part that counts nothing where it is missing.
func (f msgFigure) plus(part msgFigure) msgFigure {
	return f.with(part, f.n+part.n)
}

func (f msgFigure) minus(part msgFigure) msgFigure {
	return f.with(part, f.n-part.n)
}

func (f msgFigure) with(part msgFigure, n int64) msgFigure {
	return msgFigure{n: n, exists: f.exists, bad: f.bad || part.bad || n < 0 || n > msgMaxFigure}
}

// json is null for what is not known.
func (f msgFigure) json() string {
	if !f.exists || f.bad {
		return "null"
	}
	return strconv.FormatInt(f.n, 10)
}

// orZero is f, or 0 where the report leaves it out.
func (f msgFigure) orZero() msgFigure {
	f.exists = true
	return f
}

// msgUsage is a report in Anthropic's terms: input, read and write are disjoint, write1h is a part of write, and thinking is
// one of output.
type msgUsage struct {
	reported                                       bool
	input, read, write, write1h, output, reasoning msgFigure
}

// messages takes a usage object of Anthropic's. Those of a stream are cumulative, so each figure replaces the one before.
func (u *msgUsage) messages(r gjson.Result) {
	if r.Type == gjson.Null {
		return
	}
	u.reported = true
	made := r.Get("cache_creation")
	write, write1h := msgFigureOf(r.Get("cache_creation_input_tokens")), msgFigureOf(made.Get("ephemeral_1h_input_tokens"))
	if !write.exists && made.IsObject() {
		write = write1h.orZero().plus(msgFigureOf(made.Get("ephemeral_5m_input_tokens")))
	}
	for _, f := range []struct {
		to  *msgFigure
		new msgFigure
	}{
		{&u.input, msgFigureOf(r.Get("input_tokens"))},
		{&u.read, msgFigureOf(r.Get("cache_read_input_tokens"))},
		{&u.write, write},
		{&u.write1h, write1h},
		{&u.output, msgFigureOf(r.Get("output_tokens"))},
		{&u.reasoning, msgFigureOf(r.Get("output_tokens_details.thinking_tokens"))},
	} {
		if f.new.exists {
			*f.to = f.new
		}
	}
}

// chat takes a usage object of the hub, which is a total. Some providers have names of their own for the parts of the prompt.
func (u *msgUsage) chat(r gjson.Result) {
	if r.Type == gjson.Null {
		return
	}
	in := r.Get("prompt_tokens_details")
	*u = msgUsage{
		reported:  true,
		read:      msgFigureOf(msgFirst(in.Get("cached_tokens"), r.Get("prompt_cache_hit_tokens"), r.Get("cached_tokens"))),
		write:     msgFigureOf(msgFirst(in.Get("cache_write_tokens"), in.Get("cache_creation_input_tokens"), in.Get("cache_creation_tokens"))),
		write1h:   msgFigureOf(in.Get("cache_write_1h_tokens")),
		output:    msgFigureOf(r.Get("completion_tokens")),
		reasoning: msgFigureOf(r.Get("completion_tokens_details.reasoning_tokens")),
	}
	u.input = msgFigureOf(r.Get("prompt_tokens")).minus(u.read).minus(u.write)
}

// appendChat writes the report as the hub has it, null where there is none.
func (u *msgUsage) appendChat(d *hubWriter) {
	if !u.reported {
		d.raw("usage", "null")
		return
	}
	prompt := u.input.plus(u.read).plus(u.write)
	total := prompt.plus(u.output)
	total.exists = total.exists && u.output.exists
	d.open("usage", '{')
	d.raw("prompt_tokens", prompt.json())
	d.raw("completion_tokens", u.output.json())
	d.raw("total_tokens", total.json())
	d.open("prompt_tokens_details", '{')
	d.raw("cached_tokens", u.read.orZero().json())
	d.raw("cache_write_tokens", u.write.orZero().json())
	if u.write1h.exists {
		d.raw("cache_write_1h_tokens", u.write1h.json())
	}
	d.end("}")
	if u.reasoning.exists {
		d.open("completion_tokens_details", '{')
		d.raw("reasoning_tokens", u.reasoning.json())
		d.end("}")
	}
	d.end("}")
}

// appendMessages writes the report as Anthropic does. Without one every figure is null: Anthropic's clients can't do without
// the object.
func (u *msgUsage) appendMessages(d *hubWriter) {
	read, write := u.read, u.write
	read.exists, write.exists = read.exists || u.reported, write.exists || u.reported
	d.open("usage", '{')
	d.raw("input_tokens", u.input.json())
	d.raw("cache_creation_input_tokens", write.json())
	d.raw("cache_read_input_tokens", read.json())
	if u.write1h.exists {
		d.open("cache_creation", '{')
		d.raw("ephemeral_5m_input_tokens", write.minus(u.write1h).json())
		d.raw("ephemeral_1h_input_tokens", u.write1h.json())
		d.end("}")
	}
	d.raw("output_tokens", u.output.json())
	if u.reasoning.exists {
		d.open("output_tokens_details", '{')
		d.raw("thinking_tokens", u.reasoning.json())
		d.end("}")
	}
	d.end("}")
}
