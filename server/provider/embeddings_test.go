package provider

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbersAreInBase64WhereTheClientAskedForIt(t *testing.T) {
	const body = `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,-0.5]},{"embedding":[0.25,0],"index":1}],"model":"m"}`
	require.Equal(t, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAL8="},{"embedding":"AACAPgAAAAA=","index":1}],"model":"m"}`, string(packed([]byte(body))))
	const done = `{"data":[{"embedding":"AACAPwAAAL8="}]}`
	require.Equal(t, done, string(packed([]byte(done))))
	require.True(t, wantsPacked(&Request{Members: []byte(`"input":"x","encoding_format":"base64"`)}))
	require.False(t, wantsPacked(&Request{Members: []byte(`"input":"x","encoding_format":"float"`)}))
}
