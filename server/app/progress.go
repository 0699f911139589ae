package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

const (
	barWidth    = 30
	barEvery    = 200 * time.Millisecond // on a terminal
	lineEvery   = 10 * time.Second       // in a log
	worthABar   = 50_000                 // transactions: fewer are done before anyone looks
	etaShownFor = time.Second            // a rate is none before
)

// progress shows how far a replay of the ledger is: a bar that is drawn over on a terminal, a line now and then elsewhere.
type progress struct {
	out      io.Writer
	clock    clock.Clock
	terminal bool
	began    time.Time
	shown    time.Time
	drawn    bool
}

func newProgress(out io.Writer, c clock.Clock) *progress {
	p := &progress{out: out, clock: c, began: c.Now()}
	p.shown = p.began
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// at tells that the replay has reached a sequence of so many.
func (p *progress) at(seq, head int64) {
	every := lineEvery
	if p.terminal {
		every = barEvery
	}
	now := p.clock.Now()
	if head < worthABar || now.Sub(p.shown) < every && seq < head {
		return
	}
	p.shown = now
	line := p.line(seq, head, now.Sub(p.began))
	if p.terminal {
		p.drawn = true
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	_, _ = fmt.Fprintln(p.out, line)
}

// end leaves the line of the bar.
func (p *progress) end() {
	if p.drawn {
		_, _ = fmt.Fprintln(p.out)
	}
}

func (p *progress) line(seq, head int64, took time.Duration) string {
	seq = min(seq, head) // the log may reach beyond a head that was tampered with
	full := int(seq * barWidth / max(head, 1))
	line := fmt.Sprintf("%3d %% [%s%s] #%d of #%d", seq*100/max(head, 1), strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), seq, head)
	if took < etaShownFor || seq == 0 {
		return line
	}
	left := time.Duration(float64(took) * float64(head-seq) / float64(seq))
	return fmt.Sprintf("%s, %.0f/s, %s left", line, float64(seq)/took.Seconds(), left.Round(time.Second))
}
