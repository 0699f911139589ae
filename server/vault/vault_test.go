package vault

import (
	"bytes"
	"crypto/rand"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func unopened(t *testing.T, fill byte) *Vault {
	t.Helper()
	return under(t, bytes.Repeat([]byte{fill}, keyLen))
}

// under is a vault without a database, whose secrets are those that the key stood for when they were not kept.
func under(tb testing.TB, key []byte) *Vault {
	tb.Helper()
	m, err := newMaster(key)
	require.NoError(tb, err)
	v := newVault(nil, clock.NewFake(start), rand.Reader, nil)
	v.ring.Store(newRing(m))
	v.roots = m.legacy
	return v
}

func TestSealedKeyOpensForItsRefAlone(t *testing.T) {
	v := unopened(t, 1)
	ref := Ref{Resource: "res_a", Provider: "openai", Host: "api.openai.com"}
	s, err := v.Seal(ref, NewSecret(canary))
	require.NoError(t, err)
	assert.NotContains(t, string(s.Ciphertext)+string(s.WrappedKey), "CANARY")

	key, err := v.open(ref, s)
	require.NoError(t, err)
	assert.Equal(t, canary, key.Reveal())

	other, err := v.Seal(Ref{Resource: "res_b", Provider: "openai", Host: "api.openai.com"}, NewSecret("sk-other-0123456789"))
	require.NoError(t, err)
	flipped := bytes.Clone(s.Ciphertext)
	flipped[len(flipped)-1] ^= 1
	version := bytes.Clone(s.Ciphertext)
	version[0]++
	for name, c := range map[string]struct {
		ref    Ref
		sealed Sealed
	}{
		"another resource":       {Ref{"res_b", "openai", "api.openai.com"}, s},
		"another provider":       {Ref{"res_a", "custom", "api.openai.com"}, s},
		"another host":           {Ref{"res_a", "openai", "evil.example"}, s},
		"parts moved over":       {Ref{"res_a", "openaia", "pi.openai.com"}, s},
		"another's row":          {ref, other},
		"another's ciphertext":   {ref, Sealed{s.KeyID, s.WrappedKey, other.Ciphertext}},
		"another's data key":     {ref, Sealed{s.KeyID, other.WrappedKey, s.Ciphertext}},
		"data key as ciphertext": {ref, Sealed{s.KeyID, s.WrappedKey, s.WrappedKey}},
		"a flipped bit":          {ref, Sealed{s.KeyID, s.WrappedKey, flipped}},
		"another version":        {ref, Sealed{s.KeyID, s.WrappedKey, version}},
		"a cut ciphertext":       {ref, Sealed{s.KeyID, s.WrappedKey, s.Ciphertext[:10]}},
		"no ciphertext":          {ref, Sealed{s.KeyID, s.WrappedKey, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.open(c.ref, c.sealed)
			require.ErrorIs(t, err, ErrUnreadable)
			assert.True(t, got.Empty())
			assert.NotContains(t, err.Error(), "CANARY")
		})
	}
	t.Run("a vault with another master key", func(t *testing.T) {
		w := unopened(t, 2)
		_, err := w.open(ref, s)
		require.ErrorIs(t, err, ErrUnknownMasterKey)
		assert.NotErrorIs(t, err, ErrUnreadable, "nothing is wrong with the stored key")
		s.KeyID = w.ring.Load().seal.id
		_, err = w.open(ref, s)
		assert.ErrorIs(t, err, ErrUnreadable)
	})
	t.Run("an empty key is not sealed", func(t *testing.T) {
		_, err := v.Seal(ref, Secret{})
		assert.Error(t, err)
	})
}

func TestFingerprint(t *testing.T) {
	v := unopened(t, 1)
	fp := v.Fingerprint("openai", NewSecret(canary))
	for _, same := range []string{strings.ToLower(canary), strings.ToUpper(canary), " " + canary + "\n", "Bearer " + canary, `"` + canary + `"`, "sk-CANARY 0123456789 abcdef9f3c"} {
		assert.Equal(t, fp, v.Fingerprint("openai", hide(same)))
	}
	assert.NotEqual(t, fp, v.Fingerprint("openai", NewSecret(canary+"0")))
	assert.NotEqual(t, fp, v.Fingerprint("deepseek", NewSecret(canary)))
	assert.NotEqual(t, fp, unopened(t, 2).Fingerprint("openai", NewSecret(canary)), "without the master key no guess can be checked")
	assert.NotEqual(t, v.AccountHash("openai", "org-1"), v.AccountHash("openai", "org-2"))
	assert.NotEqual(t, v.AccountHash("openai", "x"), v.Fingerprint("openai", NewSecret("x")))
	assert.NotEqual(t, v.Hash("a", []byte("x")), v.Hash("b", []byte("x")))
	assert.NotEqual(t, v.Hash("a", []byte("bx")), v.Hash("ab", []byte("x")))
}

func TestSubKeysDiffer(t *testing.T) {
	v := unopened(t, 1)
	m, seen := v.ring.Load().seal, map[string]bool{}
	for _, k := range [][]byte{m.wrap, m.check, v.roots.fingerprint, v.roots.hash, v.roots.blob} {
		assert.Len(t, k, keyLen)
		assert.False(t, seen[string(k)])
		seen[string(k)] = true
	}
}

func TestBlob(t *testing.T) {
	v := unopened(t, 1)
	a, err := v.SealBlob("answer", []byte("hello"))
	require.NoError(t, err)
	b, err := v.SealBlob("answer", []byte("hello"))
	require.NoError(t, err)
	assert.NotEqual(t, a, b)

	plain, err := v.OpenBlob("answer", a)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(plain))
	_, err = v.OpenBlob("other", a)
	assert.Error(t, err)
	_, err = unopened(t, 2).OpenBlob("answer", a)
	assert.Error(t, err)
}

func TestMasterKeyHas32Bytes(t *testing.T) {
	_, err := newMaster(make([]byte, 31))
	assert.ErrorContains(t, err, "32 bytes")
}

func TestCacheIsBoundedAndForgets(t *testing.T) {
	c := cache{lasts: cacheFor}
	ref := Ref{Resource: "res_a", Host: "h"}
	c.put(ref, NewSecret(canary), start, c.mark())
	_, ok := c.get(ref, start.Add(cacheFor-time.Second))
	assert.True(t, ok)
	_, ok = c.get(ref, start.Add(cacheFor))
	assert.False(t, ok, "no longer than five minutes")
	_, ok = c.get(Ref{Resource: "res_a", Host: "evil"}, start)
	assert.False(t, ok, "for the same host alone")

	read := c.mark()
	c.forget("res_a")
	c.put(ref, NewSecret(canary), start, read)
	_, ok = c.get(ref, start)
	assert.False(t, ok, "what was read before it was forgotten is not kept")

	for i := range cacheSize + 100 {
		c.put(Ref{Resource: ids.ID("res_" + strconv.Itoa(i))}, Secret{}, start, c.mark())
	}
	assert.LessOrEqual(t, len(c.entries), cacheSize)
}

func BenchmarkOpen(b *testing.B) {
	v := under(b, make([]byte, keyLen))
	ref := Ref{Resource: "res_a", Provider: "openai", Host: "api.openai.com"}
	s, err := v.Seal(ref, NewSecret(canary))
	require.NoError(b, err)
	for b.Loop() {
		if _, err := v.open(ref, s); err != nil {
			b.Fatal(err)
		}
	}
}
