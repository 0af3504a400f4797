"""What a shopper did to the vector of what comes next."""
