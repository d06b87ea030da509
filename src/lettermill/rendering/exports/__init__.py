"""Plans written for ESPs that render themselves: AMPscript, Braze Liquid, HubL and Handlebars."""
