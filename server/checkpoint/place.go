package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

// Place is where checkpoints are kept, one file each. Files sort by the size of the log, and are never changed or removed: a
// minute's checkpoint is some 330 bytes, those of a year 170 MB. An operator may thin old ones out, not the newest.
type Place interface {
	// List returns the names of the checkpoints after one, "" for all, in their order.
	List(ctx context.Context, after string) ([]string, error)
	Read(ctx context.Context, name string) ([]byte, error)
	// Write adds a file, whole or not at all. One of that name makes it an error.
	Write(ctx context.Context, name string, content []byte) error
	// String names the place, without its secrets.
	String() string
}

// OpenPlace returns the place that a setting names: a folder, made when it is first needed, or a bucket, as
// s3://KEY:SECRET@host[:port]/bucket[/prefix]?region=…&insecure=1. The error does not repeat it.
func OpenPlace(setting string, c clock.Clock) (Place, error) {
	scheme, _, ok := strings.Cut(setting, "://")
	switch {
	case setting == "":
		return nil, errors.New("names no folder")
	case !ok:
		return folder(setting), nil
	case scheme == "s3":
		return newBucket(setting, c, &http.Client{Timeout: bucketPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	}
	return nil, errors.New("must be a folder or s3://KEY:SECRET@host/bucket/prefix?region=…")
}

const nameTime = "20060102T150405Z"

var namePattern = regexp.MustCompile(`^[0-9]{15}-[0-9]{8}T[0-9]{6}Z\.txt$`)

func nameOf(c Checkpoint) string {
	return fmt.Sprintf("%015d-%s.txt", c.Size, c.At.UTC().Format(nameTime))
}

// sizeOf is the size that a name tells.
func sizeOf(name string) int64 {
	n, err := strconv.ParseInt(name[:15], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// sorted keeps the names of checkpoints after one, in their order.
func sorted(names []string, after string) []string {
	names = slices.DeleteFunc(names, func(n string) bool { return !namePattern.MatchString(n) || n <= after })
	slices.Sort(names)
	return names
}

const bucketPatience = 20 * time.Second
