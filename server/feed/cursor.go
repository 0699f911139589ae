package feed

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/resourcepool/resourcepool/server/fault"
)

const cursorPrefix = "feed "

// Cursor is the position right after the transaction seq.
func Cursor(seq int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + strconv.FormatInt(seq, 10)))
}

func parseCursor(text string) (int64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, errCursor
	}
	digits, ok := strings.CutPrefix(string(raw), cursorPrefix)
	if !ok {
		return 0, errCursor
	}
	seq, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || seq < 0 {
		return 0, errCursor
	}
	return seq, nil
}

var (
	errCursor = fault.Invalid("after", "this is not a cursor of the feed")
	errAhead  = fault.Invalid("after", "this cursor is ahead of the ledger: it is of another pool, or of one that was restored")
)
