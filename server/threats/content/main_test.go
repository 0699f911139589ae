// Package content proves from outside that what people, models and providers write does no harm where it is read, and is
// read by nobody else: rows 45, 46 and 52 of the threats. server/threats/off takes their controls away.
package content

import (
	"testing"

	"github.com/resourcepool/resourcepool/server/programtest"
)

type vars = programtest.Vars

func TestMain(m *testing.M) { programtest.Main(m) }
