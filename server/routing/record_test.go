package routing_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/routing"
)

func TestRecord_KeepsTheTenBestAndCountsTheRest(t *testing.T) {
	pool := make([]routing.Candidate, 16)
	for i := range pool {
		pool[i] = plain(ids.ID(fmt.Sprintf("res_%02d", i)))
		pool[i].SuccessAverage = ptr(float64(i) / 16)
	}
	pool[15].Excluded, pool[14].Excluded, pool[13].Available = routing.WrongModel, routing.WrongModel, 0
	r := routing.Decide(now, routing.Defaults(), false, pool).Record()
	assert.Equal(t, ids.ID("res_12"), r.Chosen)
	require.Len(t, r.Candidates, 10)
	assert.Equal(t, ids.ID("res_12"), r.Candidates[0].ID)
	assert.Equal(t, ids.ID("res_03"), r.Candidates[9].ID)
	assert.Equal(t, 13, r.Eligible)
	assert.Equal(t, map[routing.Exclusion]int{routing.WrongModel: 2, routing.TooLittleQuota: 1}, r.LeftOut)
}

func TestRecord_ComesBackFromItsJSON(t *testing.T) {
	pool := example()
	pool[1].Platform = true
	for name, d := range map[string]routing.Decision{
		"chosen":  routing.Decide(now, routing.Defaults(), false, pool),
		"taken":   routing.Decide(now, routing.Defaults(), false, pool).Take("res_alice"),
		"nothing": routing.Decide(now, routing.Defaults(), false, nil),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := routing.UnmarshalRecord(d.Record().JSON())
			require.NoError(t, err)
			assert.Equal(t, d.Record(), got)
			old, err := json.Marshal(d.Record())
			require.NoError(t, err)
			got, err = routing.UnmarshalRecord(old)
			require.NoError(t, err)
			assert.Equal(t, d.Record(), got, "what earlier versions wrote is read too")
		})
	}
}

func TestRecord_HasAStableForm(t *testing.T) {
	pool := example()
	pool[1].Platform, pool[0].Excluded = true, routing.BreakerOpen
	r := routing.Decide(now, routing.Defaults(), false, pool).Take("res_alice").Record()
	assert.Equal(t, `{"chosen":"res_alice","reason":"only_candidate","eligible":1,"left_out":{"breaker_open":1,"too_little_quota":1},`+
		`"candidates":[["res_alice",0,0.628,0,1,1,0.95,0.95,1,{"platform_owned":0.8}]]}`, string(r.JSON()))
	assert.True(t, json.Valid(r.JSON()))
}

func TestUnmarshalRecord_RefusesWhatIsNone(t *testing.T) {
	_, err := routing.UnmarshalRecord([]byte(`{"candidates": 1}`))
	require.ErrorContains(t, err, "routing: a stored decision can't be read")
}
