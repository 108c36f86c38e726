package main

import (
	"bytes"
	"errors"

	"github.com/shopspring/decimal"
)

// Amount is a decimal with at most 18 places, written as a string.
type Amount struct{ decimal.Decimal }

const placesMax = 18

func isPlain(text []byte) bool {
	digits, places, point := 0, 0, false
	for i, char := range text {
		switch {
		case char >= '0' && char <= '9':
			digits++
			if point {
				places++
			}
		case char == '-' && i == 0:
		case char == '.' && digits > 0 && !point:
			point = true
		default:
			return false
		}
	}
	return digits > 0 && places <= placesMax && (places > 0 || !point)
}

func (amount *Amount) UnmarshalJSON(text []byte) error {
	if len(text) < 2 || text[0] != '"' || !isPlain(text[1:len(text)-1]) {
		return errors.New("not a decimal: " + string(text))
	}
	value, err := decimal.NewFromString(string(text[1 : len(text)-1]))
	amount.Decimal = value
	return err
}

func (amount Amount) MarshalJSON() ([]byte, error) {
	return []byte(`"` + amount.String() + `"`), nil
}

type Leg struct {
	Asset    string `json:"asset"`
	Quantity Amount `json:"quantity"`
}

type Account struct {
	ID         string `json:"id"`
	Collateral []Leg  `json:"collateral"`
	Debt       []Leg  `json:"debt"`
	Wallet     []Leg  `json:"wallet"`
}

// Level is a price and a size.
type Level [2]Amount

// The text is JSON already; what is not two strings is no pair of amounts.
func (level *Level) UnmarshalJSON(text []byte) error {
	price, size, isPair := bytes.Cut(text[1:len(text)-1], []byte(","))
	if !isPair || text[0] != '[' {
		return errors.New("a level is a price and a size")
	}
	if err := level[0].UnmarshalJSON(bytes.TrimSpace(price)); err != nil {
		return err
	}
	return level[1].UnmarshalJSON(bytes.TrimSpace(size))
}

type Venue struct {
	Venue   string  `json:"venue"`
	Kind    string  `json:"kind"`
	FeeRate Amount  `json:"fee_rate"`
	Bids    []Level `json:"bids"`
	Asks    []Level `json:"asks"`
}

type State struct {
	Prices     map[string]Amount  `json:"prices"`
	Volatility map[string]Amount  `json:"volatility"`
	Depth      map[string][]Venue `json:"depth"`
}

type Question struct {
	Market  string  `json:"market"`
	Account Account `json:"account"`
	State   State   `json:"state"`
	At      string  `json:"at"`
}

func areNegative(legs []Leg) bool {
	for i := range legs {
		if legs[i].Quantity.IsNegative() {
			return true
		}
	}
	return false
}

// What each member must be by itself.
func (question *Question) checkShape() error {
	account := &question.Account
	switch {
	case question.At != "" && question.At != "mark" && question.At != "trigger":
		return errors.New("at is mark or trigger")
	case areNegative(account.Collateral) || areNegative(account.Debt) ||
		areNegative(account.Wallet):
		return errors.New("a quantity is not negative")
	}
	for asset, price := range question.State.Prices {
		if price.IsNegative() {
			return errors.New("negative price of " + asset)
		}
	}
	for _, venues := range question.State.Depth {
		for i := range venues {
			if err := venues[i].checkShape(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (venue *Venue) checkShape() error {
	if venue.Kind != "book" {
		return errors.New("only books")
	}
	if venue.FeeRate.IsNegative() || !venue.FeeRate.LessThan(one) {
		return errors.New("a fee is a part of the price")
	}
	for _, side := range [][]Level{venue.Bids, venue.Asks} {
		for i := range side {
			if !side[i][0].IsPositive() || side[i][1].IsNegative() {
				return errors.New("a price is above 0, a size is not negative")
			}
		}
	}
	return nil
}

func isOrdered(side []Level, sign int) bool {
	for i := 1; i < len(side); i++ {
		if side[i][0].Cmp(side[i-1][0].Decimal)*sign < 0 {
			return false
		}
	}
	return true
}

// What the levels must be together.
func checkVenues(venues []Venue) error {
	for i := range venues {
		venue := &venues[i]
		for j := 0; j < i; j++ {
			if venues[j].Venue == venue.Venue {
				return errors.New("two venues of one name")
			}
		}
		if !isOrdered(venue.Bids, -1) || !isOrdered(venue.Asks, 1) {
			return errors.New("bids descend, asks ascend")
		}
		if len(venue.Bids) > 0 && len(venue.Asks) > 0 &&
			!venue.Bids[0][0].LessThan(venue.Asks[0][0].Decimal) {
			return errors.New("crossed book")
		}
	}
	return nil
}
