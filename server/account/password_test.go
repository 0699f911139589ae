package account

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
)

func TestAnUnknownPersonCostsAsMuchAsAKnownOne(t *testing.T) {
	p := newPasswords(cost, 1)
	hash, err := p.hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	known, salt, key, err := argon2id.DecodeHash(hash)
	require.NoError(t, err)
	unknown, noSalt, noKey, err := argon2id.DecodeHash(p.noHash)
	require.NoError(t, err)
	assert.Equal(t, known, unknown)
	assert.Len(t, noSalt, len(salt))
	assert.Len(t, noKey, len(key))
	assert.GreaterOrEqual(t, known.Memory, uint32(19*1024))
	assert.Equal(t, uint32(2), known.Iterations)

	for password, want := range map[string]bool{"correct horse battery": true, "correct horse batterz": false} {
		ok, err := p.matches(password, hash)
		require.NoError(t, err)
		assert.Equal(t, want, ok)
		ok, err = p.matches(password, "")
		require.NoError(t, err)
		assert.False(t, ok)
	}
}

func TestThoseWhoWaitForATurnAreBounded(t *testing.T) {
	p := newPasswords(cost, 1)
	done, err := p.turn(t.Context())
	require.NoError(t, err)
	ctx, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range maxWaiting {
		wg.Go(func() {
			_, err := p.turn(ctx)
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
	for p.waiting.Load() < maxWaiting {
		runtime.Gosched()
	}
	_, err = p.turn(t.Context())
	assert.Equal(t, fault.Overloaded, fault.CodeOf(err))
	leave()
	wg.Wait()
	assert.Zero(t, p.waiting.Load())
	done()
	_, err = p.turn(t.Context())
	assert.NoError(t, err)
}
