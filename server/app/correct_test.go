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
