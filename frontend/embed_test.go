package frontend

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFS(t *testing.T) {
	files, built := FS()
	_, err := os.Stat("dist/index.html")
	require.Equal(t, err == nil, built)
	if !built {
		return
	}
	for _, page := range []string{"index.html", "graphiql/index.html"} {
		html, err := fs.ReadFile(files, page)
		require.NoError(t, err)
		// A strict content security policy allows neither.
		require.NotContains(t, strings.ReplaceAll(string(html), "<script type=\"module\" crossorigin src=", ""), "<script", page)
		require.NotContains(t, string(html), "://", page)
	}
}
