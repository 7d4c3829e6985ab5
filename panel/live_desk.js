// The desk as an element of NiceGUI.
import Desk from "/static/desk/desk.js";

export default Desk;
