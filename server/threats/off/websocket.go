package main

var webSocket []control
