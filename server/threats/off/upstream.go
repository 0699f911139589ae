package main

var upstream []control
