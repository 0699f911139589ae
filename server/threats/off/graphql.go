package main

var graphQL []control
