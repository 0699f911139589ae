package httpd

import (
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

// deadline is a point in the machine's own time, which is what connections go by.
func deadline(after time.Duration) time.Time { return clock.System.Now().Add(after) }
