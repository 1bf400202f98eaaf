// Weight-stationary (or input-stationary: swap operand roles) R x C systolic array.
// Own reference design, under the licence of this project.  One register per PE hop in both directions.
//  west edge  : one activation vector per cycle (R lanes), presented un-skewed; row r delayed r cycles inside.
//  north edge : one weight row per cycle (C lanes).
//     SKEW=1  "wavefront" preload: row enters column c delayed c cycles and moves down with the
//             r+c wavefront (as Gemmini's propagate/d path);  R pushes fill R rows.
//     SKEW=0  "broadside" preload: whole buffer shifts down in the same cycle (global enable).
//  two weight buffers per PE (buf[0], buf[1]); each push/vector names the buffer it uses.
//  south edge : y_out lane c valid when y_valid[c]; skewed by column; registered output of bottom PE.
module sa_ws #(parameter R=4, C=4, SKEW=1)(
  input clk, input rst,
  input a_valid, input a_sel, input [1023:0] a_in,
  input w_valid, input w_sel, input [1023:0] w_in,
  output [1023:0] y_out, output [31:0] y_valid);
  // skewed operand feeders
  wire signed [7:0] a_west [0:R-1]; wire av_west[0:R-1]; wire as_west[0:R-1];
  wire signed [7:0] w_north[0:C-1]; wire wv_north[0:C-1]; wire ws_north[0:C-1];
  genvar i,j;
  generate
   for(i=0;i<R;i=i+1) begin:gs
     reg [9:0] sk[0:i];
     integer q;
     always @(posedge clk) begin
       if(rst) for(q=0;q<=i;q=q+1) sk[q]<=0;
       else begin sk[0]<={a_valid,a_sel,a_in[32*i +:8]}; for(q=1;q<=i;q=q+1) sk[q]<=sk[q-1]; end
     end
     wire [9:0] v = (i==0) ? {a_valid,a_sel,a_in[32*i +:8]} : sk[(i==0)?0:i-1];
     assign a_west[i]=v[7:0]; assign as_west[i]=v[8]; assign av_west[i]=v[9];
   end
   for(j=0;j<C;j=j+1) begin:gn
     reg [9:0] sk[0:j];
     integer q;
     always @(posedge clk) begin
       if(rst) for(q=0;q<=j;q=q+1) sk[q]<=0;
       else begin sk[0]<={w_valid,w_sel,w_in[32*j +:8]}; for(q=1;q<=j;q=q+1) sk[q]<=sk[q-1]; end
     end
     wire [9:0] v = (j==0 || SKEW==0) ? {w_valid,w_sel,w_in[32*j +:8]} : sk[(j==0)?0:j-1];
     assign w_north[j]=v[7:0]; assign ws_north[j]=v[8]; assign wv_north[j]=v[9];
   end
  endgenerate
  // PE mesh
  reg signed [7:0]  a_q [0:R-1][0:C-1]; reg av_q[0:R-1][0:C-1]; reg as_q[0:R-1][0:C-1];
  reg signed [7:0]  b0  [0:R-1][0:C-1]; reg signed [7:0] b1[0:R-1][0:C-1];
  reg signed [7:0]  d_q [0:R-1][0:C-1]; reg dv_q[0:R-1][0:C-1]; reg ds_q[0:R-1][0:C-1];
  reg signed [31:0] p_q [0:R-1][0:C-1];
  generate
   for(i=0;i<R;i=i+1) for(j=0;j<C;j=j+1) begin:pe
     wire signed [7:0] a = (j==0)? a_west[i] : a_q[i][(j==0)?0:j-1];
     wire av = (j==0)? av_west[i] : av_q[i][(j==0)?0:j-1];
     wire as_ = (j==0)? as_west[i] : as_q[i][(j==0)?0:j-1];
     wire signed [31:0] p = (i==0)? 32'sd0 : p_q[(i==0)?0:i-1][j];
     wire signed [7:0] d; wire dv, ds;
     if(SKEW==1) begin
       assign d  = (i==0)? w_north[j]  : d_q[(i==0)?0:i-1][j];
       assign dv = (i==0)? wv_north[j] : dv_q[(i==0)?0:i-1][j];
       assign ds = (i==0)? ws_north[j] : ds_q[(i==0)?0:i-1][j];
     end else begin
       assign dv = w_valid; assign ds = w_sel;
       assign d  = (i==0)? w_north[j] : (w_sel ? b1[(i==0)?0:i-1][j] : b0[(i==0)?0:i-1][j]);
     end
     always @(posedge clk) begin
       if(rst) begin av_q[i][j]<=0; dv_q[i][j]<=0; as_q[i][j]<=0; ds_q[i][j]<=0; a_q[i][j]<=0; d_q[i][j]<=0; p_q[i][j]<=0; b0[i][j]<=0; b1[i][j]<=0; end
       else begin
         a_q[i][j]<=a; av_q[i][j]<=av; as_q[i][j]<=as_;
         d_q[i][j]<= ds ? b1[i][j] : b0[i][j]; dv_q[i][j]<=dv; ds_q[i][j]<=ds;
         if(dv) begin if(ds) b1[i][j]<=d; else b0[i][j]<=d; end
         p_q[i][j]<= p + (av ? a * (as_ ? b1[i][j] : b0[i][j]) : 32'sd0);
       end
     end
   end
   for(j=0;j<32;j=j+1) begin:go
     if(j<C) begin assign y_out[32*j +:32]=p_q[R-1][j]; assign y_valid[j]=av_q[R-1][j]; end
     else begin assign y_out[32*j +:32]=0; assign y_valid[j]=0; end
   end
  endgenerate
endmodule
