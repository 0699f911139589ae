package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
)

var errPooled = fault.New(fault.Conflict, "key already pooled")

func TestIs_ASentinelMatchesItsCopies(t *testing.T) {
	tests := map[string]struct {
		err  error
		want bool
	}{
		"itself":             {errPooled, true},
		"wrapped":            {fmt.Errorf("deposit: %w", errPooled), true},
		"with a detail":      {errPooled.With("retryAfterSeconds", 3), true},
		"with a cause":       {errPooled.Because(io.EOF), true},
		"with a field":       {errPooled.In("input"), true},
		"among others":       {errors.Join(io.EOF, errPooled), true},
		"as the cause":       {fault.New(fault.NotFound, "no such key").Because(errPooled), true},
		"another message":    {fault.New(fault.Conflict, "key is in use"), false},
		"another code":       {fault.New(fault.NotFound, "key already pooled"), false},
		"no fault at all":    {errors.New("key already pooled"), false},
		"nothing":            {nil, false},
		"a cause of its own": {fault.New(fault.Conflict, "other").Because(io.EOF), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, errors.Is(tt.err, errPooled))
		})
	}
	assert.NotErrorIs(t, errPooled, io.EOF)
}

func TestAs_FindsTheOutermostFault(t *testing.T) {
	inner := fault.Invalid("quota", "too small")
	tests := map[string]struct {
		err  error
		want *fault.Error
	}{
		"a fault":  {inner, inner},
		"wrapped":  {fmt.Errorf("a: %w", fmt.Errorf("b: %w", inner)), inner},
		"joined":   {errors.Join(io.EOF, inner, errPooled), inner},
		"two deep": {errPooled.Because(inner), errPooled.Because(inner)},
		"no fault": {io.EOF, nil},
		"no error": {nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := fault.As(tt.err)
			assert.Equal(t, tt.want != nil, ok)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestCodeOf(t *testing.T) {
	assert.Equal(t, fault.Code(""), fault.CodeOf(nil))
	assert.Equal(t, fault.Internal, fault.CodeOf(io.EOF), "what is no fault is nobody's business")
	assert.Equal(t, fault.Conflict, fault.CodeOf(fmt.Errorf("x: %w", errPooled)))
}

func TestWith_LeavesTheOriginalAlone(t *testing.T) {
	one := errPooled.With("a", 1)
	two := one.With("b", 2)
	assert.Nil(t, errPooled.Details)
	assert.Equal(t, map[string]any{"a": 1}, one.Details)
	assert.Equal(t, map[string]any{"a": 1, "b": 2}, two.Details)
	assert.Equal(t, map[string]any{"a": 3}, one.With("a", 3).Details)
	assert.Equal(t, 1, one.Details["a"])
}

func TestIn_PutsTheFieldUnderAPrefix(t *testing.T) {
	quota := fault.Invalid("quota", "at least %d", 1)
	assert.Equal(t, "at least 1", quota.Message)
	assert.Equal(t, "input.quota", quota.In("input").Field)
	assert.Equal(t, "a.input.quota", quota.In("input").In("a").Field)
	assert.Equal(t, "quota", quota.In("").Field)
	assert.Equal(t, "quota", quota.Field, "the original stays")
	assert.Equal(t, "input", errPooled.In("input").Field)
	assert.Equal(t, "", errPooled.In("").Field)
}

func TestBecause_TheCauseIsForTheLogAlone(t *testing.T) {
	err := errPooled.Because(io.ErrUnexpectedEOF)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "key already pooled", err.Message)
	assert.Empty(t, err.Details)
	assert.Equal(t, "CONFLICT: key already pooled: unexpected EOF", err.Error())
	assert.Equal(t, "CONFLICT: key already pooled", errPooled.Error())
	assert.NoError(t, errors.Unwrap(errPooled))
}
