package app

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
)

func TestProgressTellsALogNowAndThen(t *testing.T) {
	var out strings.Builder
	c := clock.NewFake(time.Unix(0, 0))
	p := newProgress(&out, c)
	for seq := int64(0); seq <= 1_000_000; seq += 5_000 {
		p.at(seq, 1_000_000)
		c.Advance(125 * time.Millisecond) // 25 s in all
	}
	p.end()
	require.Equal(t, []string{
		" 40 % [============                  ] #400000 of #1000000, 40000/s, 15s left",
		" 80 % [========================      ] #800000 of #1000000, 40000/s, 5s left",
		"100 % [==============================] #1000000 of #1000000, 40000/s, 0s left",
		"",
	}, strings.Split(out.String(), "\n"))
}

func TestProgressDrawsABarOnATerminal(t *testing.T) {
	var out strings.Builder
	c := clock.NewFake(time.Unix(0, 0))
	p := newProgress(&out, c)
	p.terminal = true
	c.Advance(500 * time.Millisecond)
	p.at(60_000, 120_000)
	c.Advance(100 * time.Millisecond)
	p.at(70_000, 120_000) // too soon
	p.at(130_000, 120_000)
	p.end()
	require.Equal(t, "\r\x1b[K 50 % [===============               ] #60000 of #120000\r\x1b[K100 % [==============================] #120000 of #120000\n", out.String())
}

func TestAShortLedgerNeedsNoProgress(t *testing.T) {
	var out strings.Builder
	c := clock.NewFake(time.Unix(0, 0))
	p := newProgress(&out, c)
	c.Advance(time.Hour)
	p.at(100, 100)
	p.end()
	require.Empty(t, out.String())
}
