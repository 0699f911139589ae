package app

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNobodyButAYesConfirms(t *testing.T) {
	for text, want := range map[string]error{"yes\n": nil, " yes \n": nil, "no\n": errNotConfirmed, "y\n": errNotConfirmed, "": errNotConfirmed} {
		err := (&correctCommand{}).confirm(&environment{ctx: t.Context(), stdin: strings.NewReader(text), stdout: &bytes.Buffer{}})
		require.ErrorIs(t, err, want, text)
	}
}

func TestASignalEndsTheQuestion(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	silent, w := io.Pipe()
	defer func() { _ = w.Close() }()
	answer := make(chan error, 1)
	go func() {
		answer <- (&correctCommand{}).confirm(&environment{ctx: ctx, stdin: silent, stdout: &bytes.Buffer{}})
	}()
	interrupt()
	select {
	case err := <-answer:
		require.ErrorIs(t, err, errNotConfirmed)
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on asking")
	}
}

func TestAnEntrySaysWhatIsWrongWithIt(t *testing.T) {
	for text, want := range map[string]string{
		"wallet:x": "ACCOUNT=±AMOUNT", "=1": "ACCOUNT=±AMOUNT", "wallet:x=+-1": "ACCOUNT=±AMOUNT", "wallet:x=": "plain decimal number",
		"wallet:x=1.0000000001": "at most 9 fraction digits", "wallet:x=-99999999999": "too large",
	} {
		_, err := parseEntries([]string{text})
		require.ErrorContains(t, err, "--entry "+text+": ")
		require.ErrorContains(t, err, want)
	}
	entries, err := parseEntries([]string{"wallet:x=+1.5", "platform.issued=-1.5"})
	require.NoError(t, err)
	require.Equal(t, "+1.5", signed(entries[0].Amount))
	require.Equal(t, "-1.5", signed(entries[1].Amount))
}
