package checkpoint_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/clock"
)

const accessKey, secretKey = "AKIATEST", "a/secret+with=signs"

// s3 starts a store that checks signatures and returns its address and how many requests it refused.
func s3(t *testing.T) (host string, refused *atomic.Int64) {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket(t.Context(), "proofs"))
	fake := gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{accessKey: secretKey})).Server()
	refused = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w}
		fake.ServeHTTP(seen, r)
		if seen.status == http.StatusForbidden {
			refused.Add(1)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), refused
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func bucketURL(host, secret, rest string) string {
	return "s3://" + accessKey + ":" + url.QueryEscape(secret) + "@" + host + "/proofs" + rest
}

func TestABucketKeepsCheckpoints(t *testing.T) {
	host, refused := s3(t)
	w := newWorld(t)
	p, err := checkpoint.OpenPlace(bucketURL(host, secretKey, "/the books/of us?insecure=1&region=eu-central-1"), clock.System)
	require.NoError(t, err)
	require.NotContains(t, p.String(), "secret")
	empty, err := p.List(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, empty)

	w.keeper = w.newKeeper(p, w.key)
	w.sign(3)
	w.sign(4)
	names, err := p.List(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, names, 2)
	later, err := p.List(t.Context(), names[0])
	require.NoError(t, err)
	require.Equal(t, names[1:], later)
	signed, err := p.Read(t.Context(), names[1])
	require.NoError(t, err)
	c, err := checkpoint.Open(signed, w.key.Verifiers())
	require.NoError(t, err)
	require.Equal(t, int64(7), c.Size)
	require.ErrorContains(t, p.Write(t.Context(), names[1], []byte("other")), "412")
	again, err := p.Read(t.Context(), names[1])
	require.NoError(t, err)
	require.Equal(t, signed, again)
	_, err = p.Read(t.Context(), "000000000000009-20260101T000000Z.txt")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Zero(t, refused.Load())

	for _, wrong := range []string{bucketURL(host, "another secret", "?insecure=1"), "s3://AKIAOTHER:x@" + host + "/proofs?insecure=1"} {
		stranger, err := checkpoint.OpenPlace(wrong, clock.System)
		require.NoError(t, err)
		_, err = stranger.List(t.Context(), "")
		require.ErrorContains(t, err, "403")
		require.ErrorContains(t, stranger.Write(t.Context(), "000000000000009-20260101T000000Z.txt", nil), "403")
	}
	require.Equal(t, int64(4), refused.Load())
}

func TestALongListComesInPages(t *testing.T) {
	host, _ := s3(t)
	p, err := checkpoint.OpenPlace(bucketURL(host, secretKey, "?insecure=1"), clock.NewFake(time.Now()))
	require.NoError(t, err)
	var want []string
	for n := range 1205 {
		want = append(want, fmt.Sprintf("%015d-20260101T000000Z.txt", n+1))
		require.NoError(t, p.Write(t.Context(), want[n], []byte("x")))
	}
	require.NoError(t, p.Write(t.Context(), "notes.txt", []byte("not a checkpoint")))
	got, err := p.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, want, got)
	got, err = p.List(t.Context(), want[1198])
	require.NoError(t, err)
	require.Equal(t, want[1199:], got)
	require.True(t, slices.IsSorted(got))
}

func TestABadPlaceIsNamedWithoutItsSecrets(t *testing.T) {
	for _, bad := range []string{
		"", "http://host/bucket", "s3://host/bucket", "s3://KEY@host/bucket", "s3://KEY:SECRET@host", "s3://KEY:SECRET@host/", "s3://KEY:SEC/RET@host/bucket",
		"s3://KEY:SECRET@host/bucket?zone=x", "s3://KEY:SECRET@host:port/bucket", "s3://KEY:SECRET%zz@host/bucket", "s3://KEY:SECRET@/bucket",
	} {
		_, err := checkpoint.OpenPlace(bad, clock.System)
		require.Error(t, err, bad)
		require.NotContains(t, strings.ReplaceAll(err.Error(), "KEY:SECRET@", ""), "SEC", bad)
	}
}
