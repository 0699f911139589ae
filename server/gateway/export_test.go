package gateway

import "time"

// Hurry shortens how long a request may take, and how long a repetition waits for the first.
func (g *Gateway) Hurry(total, waits time.Duration) { g.total, g.waits = total, waits }
