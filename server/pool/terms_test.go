package pool_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/pool"
)

// What people agreed to stays as it was: a text that changes is another version, which has another sum.
func TestATextThatPeopleAgreedToDoesNotChange(t *testing.T) {
	for version, sum := range map[string]string{
		"v1": "450442ddad36cdc6e7942124e47a708e1ce87f4801b4220e7c96c607491e65a4",
	} {
		all := sha256.New()
		for _, lang := range []string{"en", "zh"} {
			text, err := pool.Terms{Version: version}.Text(lang)
			require.NoError(t, err)
			_, _ = all.Write([]byte(text))
		}
		require.Equal(t, sum, hex.EncodeToString(all.Sum(nil)), version)
	}
}

func TestTheTermsAreInTwoLanguages(t *testing.T) {
	terms := pool.CurrentTerms()
	for lang, begins := range map[string]string{"en": "# What", "zh": "# 存入", "zh-CN": "# 存入", "ZH": "# 存入", "de": "# What", "": "# What", "../v1": "# What"} {
		text, err := terms.Text(lang)
		require.NoError(t, err, lang)
		require.True(t, strings.HasPrefix(text, begins), lang)
	}
}

func TestAcceptedTermsAreRecordedAsGiven(t *testing.T) {
	w := newWorld(t)
	bob := w.person()
	for n, given := range []*string{nil, ptr("v1"), ptr("v0 of another form"), ptr(strings.Repeat("同", 100))} {
		key := "sk-bob-012345678" + string(rune('0'+n))
		w.up.AddKey(key, "1")
		input := in("openai", key, one)
		input.AcceptedTerms = given
		got, err := w.pool.Deposit(t.Context(), bob, input)
		require.NoError(t, err)
		require.Equal(t, given, got.Resource.AcceptedTerms)
		require.Equal(t, given, w.row(got.Resource.ID).AcceptedTerms)
	}
	input := in("openai", "sk-bob-0123456789", one)
	input.AcceptedTerms = ptr(strings.Repeat("同", 101))
	_, err := w.pool.Deposit(t.Context(), bob, input)
	require.Equal(t, "input.acceptedTerms", requireCode(t, fault.BadUserInput, err).Field)
}
